/** Figures of timings, and of one timing against another. */
import { median, quantile } from './statistics.js';
import type { Timing } from './time-task.js';

/** The median step, and the steps at a tenth and nine tenths of the way, in milliseconds. */
export function stepTimes({ rounds }: Timing): { median: number; low: number; high: number } {
  const times = rounds.flat();
  return { median: median(times), low: quantile(times, 0.1), high: quantile(times, 0.9) };
}

/**
 * How many times as long `timing` takes as `other`: the median over the rounds that both have of the ratio of their medians in
 * that round, so that a slow minute of the machine does not count against the one who happened to run in it more.
 */
export function timeRatio(timing: Timing, other: Timing): number {
  const ratios: number[] = [];
  timing.rounds.forEach((times, round) => {
    const otherTimes = other.rounds[round];
    if (otherTimes !== undefined) ratios.push(median(times) / median(otherTimes));
  });
  return median(ratios);
}

/** Without the ways to run PyTorch that another way in the same Python beats: whoever compares takes the fastest. */
export function withFastestPyTorch(timings: readonly Timing[]): Timing[] {
  return timings.filter(
    (timing) =>
      !timings.some(
        (other) =>
          timing.contender.variant !== null &&
          other.contender.variant !== null &&
          other.contender.source === timing.contender.source &&
          stepTimes(other).median < stepTimes(timing).median,
      ),
  );
}

/** The largest relative difference between what the engines read in their first steps. */
export function disagreement(timings: readonly Timing[]): number {
  const [first, ...others] = timings;
  if (first === undefined) return 0;
  return Math.max(
    0,
    ...others.flatMap(({ results }) =>
      results.map((result, i) => {
        const expected = first.results[i] ?? Number.NaN;
        return Math.abs(result - expected) / Math.abs(expected);
      }),
    ),
  );
}
