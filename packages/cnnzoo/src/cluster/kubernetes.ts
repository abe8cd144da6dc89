/** Manifests: an Indexed Job with the shards, and a Job that merges them. */
import { stringify } from 'yaml';
import type { ClusterTask } from './task.js';

export interface KubernetesOptions {
  /** The container's image. It has `cnnzoo` on its path. */
  readonly image: string;
  /** A PersistentVolumeClaim that many nodes can write to. It has the images, the network and the results. */
  readonly claim: string;
  /** Where it is mounted; relative paths begin there. */
  readonly mount: string;
  /** As Kubernetes writes them: 2 and 4Gi. */
  readonly cpu: string;
  readonly memory: string;
  readonly namespace?: string;
  /** Shards at the same time. Default: all. */
  readonly parallel?: number;
  /** Seconds that the merge waits for the shards. */
  readonly wait: number;
  /** Kueue's LocalQueue. Jobs are made suspended, and Kueue starts them. */
  readonly queue?: string;
}

export function kubernetesManifests(task: ClusterTask, options: KubernetesOptions): string {
  return [indexedJob(task, options), mergeJob(task, options)]
    .map((manifest) => stringify(manifest, { lineWidth: 0 }))
    .join('---\n');
}

/** `wrongCall` is the command line's exit code for one: it fails the same way again. */
const wrongCall = 2;

function indexedJob({ words, shards, name, retries }: ClusterTask, options: KubernetesOptions) {
  const { parallel = shards } = options;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(name, options, {
      // Kueue admits a part of the pods where its quota has no room for all.
      ...(options.queue !== undefined && { annotations: { 'kueue.x-k8s.io/job-min-parallelism': '1' } }),
    }),
    spec: {
      ...(options.queue !== undefined && { suspend: true }),
      completionMode: 'Indexed',
      completions: shards,
      parallelism: parallel,
      backoffLimitPerIndex: retries,
      podFailurePolicy: {
        rules: [
          { action: 'FailIndex', onExitCodes: { containerName: 'cnnzoo', operator: 'In', values: [wrongCall] } },
          // A node that is drained or dies is no failure of the shard.
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ],
      },
      template: podTemplate([...words, '--shard', 'auto'], options, options, [
        { name: 'CNNZOO_SHARDS', value: String(shards) },
      ]),
    },
  };
}

function mergeJob({ folder, name, retries }: ClusterTask, options: KubernetesOptions) {
  const { wait } = options;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(`${name}-merge`, options, {}),
    spec: {
      ...(options.queue !== undefined && { suspend: true }),
      backoffLimit: retries,
      // It only waits: with as much as a shard it would take a place from one.
      template: podTemplate(['merge', folder, '--wait', String(wait)], options, { cpu: '100m', memory: '1Gi' }, []),
    },
  };
}

function metadata(name: string, { namespace, queue }: KubernetesOptions, more: object) {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(queue !== undefined && { labels: { 'kueue.x-k8s.io/queue-name': queue } }),
    ...more,
  };
}

function podTemplate(
  words: readonly string[],
  { image, claim, mount }: KubernetesOptions,
  { cpu, memory }: Pick<KubernetesOptions, 'cpu' | 'memory'>,
  env: readonly { readonly name: string; readonly value: string }[],
) {
  return {
    spec: {
      restartPolicy: 'Never',
      containers: [
        {
          name: 'cnnzoo',
          image,
          command: ['cnnzoo', ...words],
          workingDir: mount,
          ...(env.length > 0 && { env }),
          resources: { requests: { cpu, memory }, limits: { memory } },
          volumeMounts: [{ name: 'data', mountPath: mount }],
        },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
    },
  };
}
