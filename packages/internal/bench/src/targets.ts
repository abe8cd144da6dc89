/** What the onnx backend is to reach, as shares of its peers' figures. */
import { stepTimes, timeRatio, withFastestPyTorch } from './compare.js';
import type { EngineId } from './contenders.js';
import type { Timing } from './time-task.js';

type Figure = (onnx: Timing, peer: Timing) => number;

interface Target {
  readonly task: string;
  readonly figure: 'step time' | 'peak memory' | 'first step' | 'second step';
  /** Default 'onnx'. */
  readonly engine?: EngineId;
  readonly peer: EngineId;
  readonly atMost: number;
}

const figures: Readonly<Record<Target['figure'], Figure>> = {
  'step time': timeRatio,
  'peak memory': (onnx, peer) => onnx.inspection.peakMemory / peer.inspection.peakMemory,
  // Against its own second step, and against its own steady time.
  'first step': (onnx) => onnx.firstStep / onnx.secondStep,
  'second step': (onnx) => onnx.secondStep / stepTimes(onnx).median,
};

/** Against the fastest way to run PyTorch. */
function trainTargets(network: string, stepTime: number): Target[] {
  const of = (figure: Target['figure'], atMost: number): Target => ({
    task: `${network}-train`,
    figure,
    peer: 'pytorch',
    atMost,
  });
  return [of('step time', stepTime), of('peak memory', 0.9)];
}

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
  ...trainTargets('lenet5', 0.8),
  { task: 'lenet5-train', figure: 'step time', peer: 'tfjs-node', atMost: 0.7 },
  ...trainTargets('resnet18', 0.8),
  { task: 'resnet18-train', figure: 'step time', peer: 'tfjs-node', atMost: 0.65 },
  ...trainTargets('resnet50', 0.8),
  { task: 'resnet50-train', figure: 'second step', peer: 'onnx', atMost: 1.5 },
  { task: 'resnet50-train', figure: 'first step', peer: 'onnx', atMost: 2 },
  ...trainTargets('cifar_resnet20', 0.8),
  ...trainTargets('vgg16', 0.85),
  ...trainTargets('googlenet', 0.85),
  ...trainTargets('inception_v3', 0.85),
  ...predictTargets('resnet18', { pytorch: 0.55, tfjsNode: 0.45 }),
  ...predictTargets('resnet50', { pytorch: 0.65, tfjsNode: 0.45 }),
  ...predictTargets('vgg16', { pytorch: 0.55, tfjsNode: 0.7 }),
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
  const of = (engine: EngineId) => withFastestPyTorch(timings).filter(({ contender }) => contender.engine === engine);
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
