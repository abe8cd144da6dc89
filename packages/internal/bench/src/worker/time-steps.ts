import type { Ran } from '../protocol.js';

/** Does this many steps one after another. */
export async function timeSteps(steps: number, step: () => Promise<number>): Promise<Ran> {
  const times: number[] = [];
  const processorTimes: number[] = [];
  const results: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    const before = process.cpuUsage();
    results.push(await step());
    const { user, system } = process.cpuUsage(before);
    times.push(performance.now() - start);
    processorTimes.push((user + system) / 1000);
  }
  return { times, processorTimes, results };
}
