import type { Contender } from './contenders.js';
import { startEngine } from './engine-process.js';
import type { Inspection } from './protocol.js';
import type { Task } from './tasks.js';

/** What a contender held after a number of steps. */
export interface MemorySample extends Inspection {
  readonly steps: number;
}

export interface MemoryTrace {
  readonly contender: Contender;
  readonly version: string;
  readonly samples: readonly MemorySample[];
}

/** Steps between two looks. */
const interval = 100;

/** Does a task's steps in one process and looks at its memory every hundred steps. */
export async function watchMemory(
  task: Task,
  steps: number,
  contender: Contender,
  onProgress: (text: string) => void,
): Promise<MemoryTrace> {
  const engine = await startEngine(contender.start);
  await engine.prepare(task.work);
  const samples: MemorySample[] = [];
  for (let done = interval; done <= steps; done += interval) {
    await engine.run(interval);
    samples.push({ steps: done, ...(await engine.inspect()) });
    onProgress(`${task.id}: ${done} of ${steps} steps`);
  }
  await engine.stop();
  return { contender, version: engine.introduction.version, samples };
}
