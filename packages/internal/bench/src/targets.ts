/** What the onnx backend is to reach, as shares of its peers' figures. */
import { stepTimes, timeRatio } from './compare.js';
import type { EngineId } from './contenders.js';
import type { Timing } from './time-task.js';

type Figure = (onnx: Timing, peer: Timing) => number;

interface Target {
  readonly task: string;
  readonly figure: 'step time' | 'peak memory' | 'second step';
  /** Default 'onnx'. */
  readonly engine?: EngineId;
  readonly peer: EngineId;
  readonly atMost: number;
}

const figures: Readonly<Record<Target['figure'], Figure>> = {
  'step time': timeRatio,
  'peak memory': (onnx, peer) => onnx.inspection.peakMemory / peer.inspection.peakMemory,
  // Against its own steady time.
  'second step': (onnx) => onnx.secondStep / stepTimes(onnx).median,
};

/** Frozen against its peers; model.predict against tfjs-node as long as weights change, and against frozen once they do not. */
function predictTargets(network: string, frozen: { pytorch: number; tfjsNode: number }): Target[] {
  const of = (engine: EngineId, peer: EngineId, atMost: number): Target => ({
    task: `${network}-predict`,
    engine,
    figure: 'step time',
    peer,
    atMost,
  });
  return [
    of('onnx-frozen', 'pytorch', frozen.pytorch),
    of('onnx-frozen', 'tfjs-node', frozen.tfjsNode),
    of('onnx-frozen', 'onnxruntime', 1.05),
    of('onnx-changing', 'tfjs-node', 0.75),
    of('onnx', 'onnx-frozen', 1.15),
  ];
}

const targets: readonly Target[] = [
  { task: 'lenet5-train', figure: 'step time', peer: 'pytorch', atMost: 1.2 },
  { task: 'lenet5-train', figure: 'step time', peer: 'tfjs-node', atMost: 0.7 },
  { task: 'resnet18-train', figure: 'step time', peer: 'pytorch', atMost: 1.25 },
  { task: 'resnet18-train', figure: 'step time', peer: 'tfjs-node', atMost: 0.65 },
  { task: 'resnet50-train', figure: 'step time', peer: 'pytorch', atMost: 1.3 },
  { task: 'resnet50-train', figure: 'peak memory', peer: 'pytorch', atMost: 1.3 },
  { task: 'resnet50-train', figure: 'second step', peer: 'onnx', atMost: 1.5 },
  ...predictTargets('resnet18', { pytorch: 0.65, tfjsNode: 0.45 }),
  ...predictTargets('resnet50', { pytorch: 0.65, tfjsNode: 0.45 }),
  ...predictTargets('vgg16', { pytorch: 0.85, tfjsNode: 0.7 }),
  ...predictTargets('googlenet', { pytorch: 0.65, tfjsNode: 0.45 }),
  ...predictTargets('inception_v3', { pytorch: 0.65, tfjsNode: 0.45 }),
  { task: 'resnet50-predict-8', engine: 'onnx-frozen', figure: 'step time', peer: 'pytorch', atMost: 0.6 },
];

export interface JudgedTarget extends Target {
  /** The engine, and the peer that it was measured against. */
  readonly version: string;
  readonly peerVersion: string;
  readonly measured: number;
  readonly met: boolean;
}

/** The targets of a task, of each onnx contender against each of the peers: there may be two versions of PyTorch. */
export function judgeTargets(task: string, timings: readonly Timing[]): JudgedTarget[] {
  const of = (engine: EngineId) => timings.filter(({ contender }) => contender.engine === engine);
  return targets
    .filter((target) => target.task === task)
    .flatMap((target) =>
      of(target.engine ?? 'onnx').flatMap((onnx) =>
        of(target.peer)
          // Like against like, and against what is not tfjs.
          .filter(({ contender: { layers } }) => layers === null || layers === onnx.contender.layers)
          .map((peer) => {
            const measured = figures[target.figure](onnx, peer);
            const versions = { version: onnx.version, peerVersion: peer.version };
            return { ...target, ...versions, measured, met: measured <= target.atMost };
          }),
      ),
    );
}
