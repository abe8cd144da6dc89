import type { Contender } from './contenders.js';
import type { Introduction } from './protocol.js';
import type { Task } from './tasks.js';
import type { FailedContender, Timing } from './time-task.js';
import type { MemoryTrace } from './watch-memory.js';

/** What one run of the benchmark found. */
export interface Results {
  readonly date: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memory: number;
    readonly node: string;
  };
  readonly threads: number;
  readonly engines: readonly (Introduction & { readonly contender: Contender })[];
  /** Who could not take part, and why. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
  readonly tasks: readonly TaskResult[];
}

export interface TaskResult {
  readonly task: Task;
  readonly timings: readonly Timing[];
  readonly memory: readonly MemoryTrace[];
  readonly failed: readonly FailedContender[];
}
