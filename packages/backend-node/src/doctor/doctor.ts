import { boolean, checkFewOptions, optional } from '@cnnzoo/checks';
import { type EngineName, type Trial, trialOrder } from '../engine-name.js';
import { engineRequest } from '../engine-options.js';
import type { Engine, EngineSettings, Obstacle, Surroundings } from '../engines/engine.js';
import { engines } from '../engines/index.js';
import { appFolders, findPackage } from '../find-package.js';
import { type GpuHardware, gpuHardware } from '../gpu-hardware.js';
import { probeApart } from '../isolated-probe.js';
import type { Speed } from '../measure.js';
import { usableProcessors } from '../processors.js';
import { type CopyOfTfjs, copiesOfTfjsCore } from '../tfjs-copies.js';
import { type InstalledSize, installedSizes } from './installed-sizes.js';
import { inspectMachine, type Machine } from './machine.js';

/** What `doctor()` found out about one engine. */
export interface EngineReport {
  readonly engine: EngineName;
  /** The version of what is installed for it, null where nothing is: of onnxruntime-node for the engines on it. */
  readonly installed: string | null;
  /** True where it was loaded and computed a convolution right. */
  readonly works: boolean;
  readonly canTrain: boolean;
  /** The name of the GPU or processor that it computes on. */
  readonly device: string | null;
  /** What it needs from the machine beyond npm packages. */
  readonly needs: string | null;
  /** GFLOP/s of one 3x3 convolution. */
  readonly speed: Speed | null;
  /** Why it does not work, and what would change that. */
  readonly obstacle: Obstacle | null;
}

/** Something that keeps an engine from working, or makes it slow. */
export interface Problem {
  readonly problem: string;
  /** What to do. */
  readonly remedy: string;
}

/** The machine and every engine: what `doctor()` returns. */
export interface DoctorReport extends Machine {
  readonly gpu: GpuHardware;
  /** In the order in which `useBackend()` tries them. */
  readonly engines: readonly EngineReport[];
  /** The engine that `useBackend()` takes for training. */
  readonly choice: EngineName | null;
  /**
   * How onnxruntime adds products of 8-bit numbers here: `'saturating'` wants weights of 7 bits in quantized networks. Null without onnxruntime.
   */
  readonly int8: 'exact' | 'saturating' | null;
  /**
   * Convolutions whose fastest form `cnnzoo tune` has measured on this processor for as many threads as engines get, and their file. Null without onnxruntime.
   */
  readonly tuned: { readonly count: number; readonly file: string } | null;
  readonly copiesOfTfjsCore: readonly CopyOfTfjs[];
  /** The packages that take most of the room, the largest first. */
  readonly sizes: readonly InstalledSize[];
  readonly problems: readonly Problem[];
}

/** Options of `doctor()`. */
export interface DoctorOptions {
  /** Measure how fast engines are, which takes a second or two for each. Default true. */
  readonly measure?: boolean;
}

const needs: Readonly<Partial<Record<EngineName, string>>> = {
  'tfjs-node-gpu': 'NVIDIA driver 450.80 or later, CUDA 11.2, cuDNN 8.1',
  'onnx-cuda': 'NVIDIA driver 525 or later, CUDA 12, cuDNN 9',
  'onnx-webgpu': 'a GPU with a driver for Vulkan, Metal or Direct3D 12',
};

function installedVersion(engine: Engine, folders: readonly string[]): string | null {
  const found = findPackage(engine.packageName, folders);
  if (engine.backend !== 'onnx' || found === null) return found?.version ?? null;
  return findPackage('onnxruntime-node', [found.folder])?.version ?? null;
}

async function examine(
  engine: Engine,
  settings: EngineSettings,
  surroundings: Surroundings,
  measure: boolean,
): Promise<EngineReport> {
  const absent = { works: false, canTrain: false, device: null, speed: null };
  const known = {
    engine: engine.name,
    installed: installedVersion(engine, surroundings.folders),
    needs: needs[engine.name] ?? null,
  };
  const obstacle = engine.obstacle(surroundings);
  if (obstacle !== null) return { ...known, ...absent, obstacle };
  const answer = await probeApart({ engine: engine.name, purpose: 'inference', settings, surroundings, measure });
  if ('problem' in answer) return { ...known, ...absent, obstacle: { reason: answer.problem, remedy: engine.remedy } };
  const { device, speed, trainingProblem } = answer;
  return {
    ...known,
    works: true,
    canTrain: trainingProblem === null,
    device,
    speed,
    obstacle: trainingProblem === null ? null : { reason: trainingProblem, remedy: engine.remedy },
  };
}

/** What `useBackend()` would try, and with what. */
function plan(): { trials: readonly Trial[]; settings: EngineSettings; problems: Problem[] } {
  try {
    const { settings, preference } = engineRequest({});
    return { trials: trialOrder(preference), settings, problems: [] };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const settings = { threads: usableProcessors(), gpuMemoryGrowth: true };
    return {
      trials: trialOrder(null),
      settings,
      problems: [{ problem, remedy: 'correct or unset the environment variable' }],
    };
  }
}

function problemsOf(
  machine: Machine,
  gpu: GpuHardware,
  reports: readonly EngineReport[],
  copies: readonly CopyOfTfjs[],
): Problem[] {
  const problems: Problem[] = [];
  if (Number.parseInt(machine.node.version, 10) < 20)
    problems.push({ problem: `Node ${machine.node.version} is too old`, remedy: 'install Node 20 or later' });
  if (machine.system.libc === 'musl')
    problems.push({
      problem: 'this system has musl, and the native engines need glibc',
      remedy: 'use an image with glibc, e.g. node:22-slim instead of node:22-alpine',
    });
  if (
    machine.system.architecture === 'x64' &&
    machine.processor.features.length > 0 &&
    !machine.processor.features.includes('avx2')
  )
    problems.push({
      problem: 'the processor has no AVX2, so that engines are several times slower',
      remedy: 'in a virtual machine, pass the host’s processor through (qemu -cpu host)',
    });
  if (machine.processor.quota !== null && machine.processor.quota < 1)
    problems.push({
      problem: `this container gets ${machine.processor.quota} of a processor`,
      remedy: 'raise its limit, e.g. docker run --cpus 4',
    });
  const memory = Math.min(machine.memory.available, machine.memory.limit ?? Number.POSITIVE_INFINITY);
  if (memory < 1e9)
    problems.push({
      problem: `only ${Math.round(memory / 1e6)} MB of memory are available`,
      remedy:
        'training a ResNet-50 takes about 4 GB: close other programs, raise the container’s limit or use small batches',
    });
  if (copies.length > 1)
    problems.push({
      problem: `there are ${copies.length} copies of tfjs-core: ${copies.map(({ version, folder }) => `${version} in ${folder}`).join('; ')}`,
      remedy: 'npm ls @tensorflow/tfjs-core says who brings which; npm dedupe, or one version for all, leaves one',
    });
  for (const { engine, installed, works, canTrain, obstacle } of reports) {
    if (obstacle === null || installed === null || (works && canTrain)) continue;
    // An engine for hardware that is not there is no fault.
    if (obstacle.reason.startsWith('no ') && gpu.names.length === 0) continue;
    problems.push({
      problem: `${engine} ${works ? 'works, but' : 'does not work:'} ${obstacle.reason}`,
      remedy: obstacle.remedy,
    });
  }
  const onGpu = reports.some(
    ({ engine, works }) => works && ['tfjs-node-gpu', 'onnx-cuda', 'onnx-webgpu'].includes(engine),
  );
  if (gpu.names.length > 0 && !onGpu && !problems.some(({ problem }) => /^onnx-(webgpu|cuda)/.test(problem)))
    problems.push({ problem: `no engine uses ${gpu.names.join(', ')}`, remedy: engines['onnx-webgpu'].remedy });
  return problems;
}

async function ofOnnxruntime(
  reports: readonly EngineReport[],
  threads: number,
): Promise<Pick<DoctorReport, 'int8' | 'tuned'>> {
  if (!reports.some(({ engine, works }) => engine === 'onnx-cpu' && works)) return { int8: null, tuned: null };
  const { int8Products, tunedConvolutions } = await import('@cnnzoo/backend-onnx');
  return { int8: int8Products(), tuned: tunedConvolutions(threads) };
}

/**
 * Examines this machine and every engine: what is installed, whether it loads, computes right and trains, on what device and how fast,
 * and what to do about each problem. Each engine runs in a process of its own; tfjs's backend is not touched.
 *
 * @param options.measure false leaves the measurements of speed out
 * @returns a report that can be written as JSON; `formatDoctorReport` makes text of it
 * @example
 * import { doctor, formatDoctorReport } from '@cnnzoo/backend-node';
 *
 * console.log(formatDoctorReport(await doctor()));
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const { measure = true } = checkFewOptions<DoctorOptions>('doctor', options, { measure: optional(boolean) });
  const machine = inspectMachine();
  const folders = appFolders();
  const gpu = gpuHardware();
  const { trials, settings, problems } = plan();
  const reports: EngineReport[] = [];
  // One after the other: they would measure each other.
  for (const { engine, requested } of trials)
    reports.push(await examine(engines[engine], settings, { folders, gpu, requested }, measure));
  const copies = copiesOfTfjsCore(folders);
  return {
    ...machine,
    gpu,
    engines: reports,
    choice: reports.find(({ works, canTrain }) => works && canTrain)?.engine ?? null,
    ...(await ofOnnxruntime(reports, machine.processor.usable)),
    copiesOfTfjsCore: copies,
    sizes: installedSizes(folders),
    problems: [...problems, ...problemsOf(machine, gpu, reports, copies)],
  };
}
