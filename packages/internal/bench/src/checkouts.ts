/** This checkout of the repository beside another one, both built: they take turns in processes of their own. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.js';

export const here = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * Runs a program of `worker/` in turns.
 * @param program its file's name
 * @param work its arguments after the folder, with spaces between them
 * @returns for each round what it prints for each folder
 */
export function inTurns<Result>(folders: readonly string[], program: string, work: string, rounds: number): Result[][] {
  const file = fileURLToPath(new URL(`./worker/${program}`, import.meta.url));
  return Array.from({ length: rounds }, (_, round) => {
    const turns = round % 2 === 0 ? folders : folders.toReversed();
    const results = new Map(
      turns.map((folder) => {
        const output = execFileSync(process.execPath, ['--import', 'tsx', file, folder, ...work.split(' ')], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        return [folder, JSON.parse(output.trim().split('\n').at(-1) ?? '') as Result];
      }),
    );
    return folders.map((folder) => results.get(folder) as Result);
  });
}

/** The median of each folder's numbers, and of the rounds' ratios of the first to the second folder. */
export function compared(numbers: readonly (readonly number[])[]): { medians: number[]; ratio: number } {
  const medians = (numbers[0] ?? []).map((_, i) => median(numbers.map((round) => round[i] ?? Number.NaN)));
  const ratio = median(numbers.map(([own = Number.NaN, theirs = Number.NaN]) => own / theirs));
  return { medians, ratio };
}
