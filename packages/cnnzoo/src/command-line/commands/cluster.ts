import { clusterTask } from '../../cluster/task.js';
import { type Call, type Command, command, numeric, several, text } from '../command.js';

const words = several(
  'the command, after --: evaluate, predict or extract with --out, a folder that every machine has',
);

const common = {
  shards: numeric('number', 'how many parts; default: 8', { least: 1, most: 10_000 }),
  name: text('name', 'of the jobs; default: cnnzoo'),
  retries: numeric('number', 'how often a shard that fails is tried again; default: 2', { most: 100 }),
  parallel: numeric('number', 'shards at the same time; default: as many as there is room for', { least: 1 }),
};

const pods = {
  ...common,
  image: text('image', 'the container image, with cnnzoo on its path'),
  claim: text('name', 'the PersistentVolumeClaim with images, network and results; default: cnnzoo'),
  mount: text('path', 'where it is mounted, and relative paths begin; default: /data'),
  cpu: text('quantity', "a shard's processors; default: 2"),
  memory: text('quantity', "a shard's memory; default: 4Gi"),
  namespace: text('name', "the jobs' namespace; default: kubectl's"),
  wait: numeric('seconds', 'how long the merge waits for the shards; default: 86400'),
};

const slurm = command({
  name: 'slurm',
  summary: 'a script that submits an array job and the job that merges it',
  examples: ['cnnzoo cluster slurm --shards 8 -- evaluate imagenet/val --model resnet50.DEFAULT --out results'],
  args: { words },
  options: {
    ...common,
    cpus: numeric('number', "a shard's processors; default: 2", { least: 1 }),
    memory: text('size', "a shard's memory; default: 4G"),
    partition: text('name', "default: the cluster's"),
    program: text('words', 'how the command line is called there; default: npx cnnzoo'),
  },
  async run({ args, options }) {
    const { cpus = 2, memory = '4G', program = 'npx cnnzoo', partition, parallel } = options;
    const { slurmScript } = await import('../../cluster/slurm.js');
    const script = slurmScript(taskOf(args.words, options), {
      cpus,
      memory,
      program,
      ...(partition !== undefined && { partition }),
      ...(parallel !== undefined && { parallel }),
    });
    return { text: script.trimEnd(), data: { type: 'result', script } };
  },
});

const kubernetes = command({
  name: 'kubernetes',
  summary: 'manifests of an Indexed Job and the Job that merges it',
  examples: [
    'cnnzoo cluster kubernetes --image registry.example.org/cnnzoo:1 --shards 8 -- evaluate imagenet/val --model resnet50.DEFAULT --out results',
  ],
  args: { words },
  options: pods,
  run: ({ args, options }) => manifests(args.words, options, undefined),
});

const kueue = command({
  name: 'kueue',
  summary: "the same in one of Kueue's queues",
  examples: [
    'cnnzoo cluster kueue --queue research --image registry.example.org/cnnzoo:1 -- evaluate imagenet/val --model resnet50.DEFAULT --out results',
  ],
  args: { words },
  options: { ...pods, queue: text('name', 'the LocalQueue') },
  run({ args, options }) {
    const { queue } = options;
    if (queue === undefined) throw new TypeError('--queue must name a LocalQueue of Kueue');
    return manifests(args.words, options, queue);
  },
});

export const clusterCommand: Command = {
  name: 'cluster',
  summary: 'writes what Slurm, Kubernetes or Kueue need to compute shards on many machines',
  args: {},
  options: {},
  commands: [slurm, kubernetes, kueue],
};

function taskOf(
  given: readonly string[],
  { shards = 8, name = 'cnnzoo', retries = 2 }: Call<typeof slurm.args, typeof common>['options'],
) {
  return clusterTask(given, { shards, name, retries });
}

async function manifests(
  given: readonly string[],
  options: Call<typeof slurm.args, typeof pods>['options'],
  queue: string | undefined,
) {
  const {
    image,
    claim = 'cnnzoo',
    mount = '/data',
    cpu = '2',
    memory = '4Gi',
    namespace,
    wait = 86_400,
    parallel,
  } = options;
  if (image === undefined) throw new TypeError('--image must name a container image that has cnnzoo on its path');
  const { kubernetesManifests } = await import('../../cluster/kubernetes.js');
  const yaml = kubernetesManifests(taskOf(given, options), {
    image,
    claim,
    mount,
    cpu,
    memory,
    wait,
    ...(namespace !== undefined && { namespace }),
    ...(parallel !== undefined && { parallel }),
    ...(queue !== undefined && { queue }),
  });
  return { text: yaml.trimEnd(), data: { type: 'result', yaml } };
}
