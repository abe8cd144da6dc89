import type { EngineName } from '../engine-name.js';
import type { GpuHardware } from '../gpu-hardware.js';

/** How an engine is configured. */
export interface EngineSettings {
  /** Threads of one operator. */
  readonly threads: number;
  /** Let TensorFlow take the GPU's memory as it needs it instead of all at once. */
  readonly gpuMemoryGrowth: boolean;
}

/** Where an engine is looked for. */
export interface Surroundings {
  /** Folders from where an app's packages are found, the best first. */
  readonly folders: readonly string[];
  readonly gpu: GpuHardware;
  /** The engine was asked for by its name. */
  readonly requested: boolean;
}

/** Why an engine is not used, and what would change that. */
export interface Obstacle {
  readonly reason: string;
  readonly remedy: string;
}

/** One way to compute. */
export interface Engine {
  readonly name: EngineName;
  /** tfjs's name of the backend. */
  readonly backend: 'tensorflow' | 'onnx' | 'wasm' | 'cpu';
  /** The package that it is in. */
  readonly packageName: string;
  /**
   * True where code of others, with drivers of others, is loaded, which may crash: it is tried in a process of its own first. What is
   * always installed with this package is not, because a process takes longer than all the rest.
   */
  readonly isolated: boolean;
  /** What stands in the way, as far as it is seen without loading anything; null where it is worth a try. */
  obstacle(surroundings: Surroundings): Obstacle | null;
  /** Loads the backend and registers it with tfjs, without setting it. */
  load(settings: EngineSettings, surroundings: Surroundings): Promise<void>;
  /** Where it computes, after it was loaded; throws where it was not asked for and has not got what it is for. */
  device(settings: EngineSettings, surroundings: Surroundings): string;
  /** What to do where it is there and does not work. */
  readonly remedy: string;
}
