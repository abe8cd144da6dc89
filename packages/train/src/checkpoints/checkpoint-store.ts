import { check, listOf, oneOf, optional, record, rule } from '@cnnzoo/checks';
import { nodeModule, syncFolder, writeAtomically } from '@cnnzoo/files';
import { type RunState, writeCheckpoint } from './checkpoint.js';
import { claimFolder } from './folder-owner.js';

const format = 'cnnzoo-checkpoints-1';

/** The list of checkpoints in a folder, checkpoints.json. */
interface Index {
  readonly format: typeof format;
  /** From the oldest to the newest. */
  readonly checkpoints: readonly string[];
  readonly best?: string;
  /** Found in the folder without a list of them: whose they are is not known, so they are never removed. */
  readonly found: readonly string[];
  /** Old ones that are about to be removed. */
  readonly removed: readonly string[];
}

/** The checkpoints of one run. */
export interface CheckpointStore {
  /** The path of the newest checkpoint, or null. */
  newest(): string | null;
  /** Writes a checkpoint, then removes those that need not be kept. Returns its path when it is on the disk. */
  save(state: RunState, best: boolean): Promise<string>;
  /** Lets other runs have the folder. */
  close(): Promise<void>;
}

const namePattern = /^step-\d{8,}(-\d+)?$/;
/** What a write that was cut off leaves. */
const partPattern = /^(step-\d{8,}(-\d+)?|checkpoints\.json\.[\w-]+)\.part$/;

const name = rule<string>(
  'the name of a checkpoint, such as step-00000012',
  (value) => typeof value === 'string',
  (value) => namePattern.test(value),
);
const indexRule = record<Index>({
  format: oneOf([format]),
  checkpoints: listOf(name),
  best: optional(name),
  found: listOf(name),
  removed: listOf(name),
});

/**
 * Opens a folder of checkpoints for one run. It is made where it is missing.
 * @param keepLast how many of the newest are kept; the best is kept besides
 * @throws TypeError or RangeError naming the list and its field where it is damaged; Error where another process has the folder
 */
export async function openCheckpointStore(folder: string, keepLast: number): Promise<CheckpointStore> {
  const { join } = nodeModule('node:path');
  await makeFolder(folder);
  const owner = await claimFolder(folder);
  const indexFile = join(folder, 'checkpoints.json');
  let index: Index;
  try {
    index = await readIndex(folder, indexFile);
  } catch (error) {
    await owner.release();
    throw error;
  }
  return {
    newest() {
      const newest = index.checkpoints.at(-1);
      return newest === undefined ? null : join(folder, newest);
    },
    async save(state, best) {
      await owner.check();
      await removeLeftovers(folder, index);
      const saved = await freeName(`step-${String(state.progress.step).padStart(8, '0')}`, folder);
      const part = join(folder, `${saved}.part`);
      try {
        await writeCheckpoint(join(folder, saved), part, state);
      } catch (error) {
        // Where the disk is full, half a checkpoint must not keep it so.
        await nodeModule('node:fs/promises').rm(part, { recursive: true, force: true });
        throw error;
      }
      const bestName = best ? saved : index.best;
      const all = [...index.checkpoints, saved];
      const isKept = (each: string, i: number) =>
        i >= all.length - keepLast || each === bestName || index.found.includes(each);
      index = {
        format,
        checkpoints: all.filter(isKept),
        ...(bestName === undefined ? {} : { best: bestName }),
        found: index.found,
        removed: all.filter((each, i) => !isKept(each, i)),
      };
      // Only when the list on the disk no longer names them do old ones go: a kill at any moment leaves a list of whole checkpoints.
      await writeAtomically(indexFile, `${JSON.stringify(index, null, 2)}\n`);
      await removeLeftovers(folder, index);
      return join(folder, saved);
    },
    close: () => owner.release(),
  };
}

/** Makes a folder and those around it, on the disk, too. */
async function makeFolder(folder: string): Promise<void> {
  const { mkdir } = nodeModule('node:fs/promises');
  const { dirname, resolve } = nodeModule('node:path');
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const outermost = dirname(resolve(first));
  for (let at = dirname(resolve(folder)); at.length >= outermost.length; at = dirname(at)) {
    await syncFolder(at);
    if (at === dirname(at)) break;
  }
}

async function freeName(wanted: string, folder: string): Promise<string> {
  const taken = new Set(await nodeModule('node:fs/promises').readdir(folder));
  let free = wanted;
  for (let i = 2; taken.has(free); i++) free = `${wanted}-${i}`;
  return free;
}

/** The list, with what the folder has besides: a kill before the list was written leaves a whole checkpoint that it does not name. */
async function readIndex(folder: string, file: string): Promise<Index> {
  const { readdir, readFile } = nodeModule('node:fs/promises');
  const names = await readdir(folder);
  const steps = names.filter((each) => namePattern.test(each)).sort(byStep);
  if (!names.includes('checkpoints.json')) return { format, checkpoints: steps, found: steps, removed: [] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new TypeError(`${file} is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const { checkpoints, best, found, removed } = check(file, parsed, indexRule);
  const known = new Set([...checkpoints, ...removed]);
  const there = new Set(steps);
  return {
    format,
    checkpoints: [...checkpoints.filter((each) => there.has(each)), ...steps.filter((each) => !known.has(each))],
    ...(best !== undefined && there.has(best) ? { best } : {}),
    found: found.filter((each) => there.has(each)),
    removed,
  };
}

function byStep(a: string, b: string): number {
  const [stepA = 0, timesA = 1, stepB = 0, timesB = 1] = [a, b].flatMap((each) => {
    const [, step, times = 1] = each.split('-');
    return [Number(step), Number(times)];
  });
  return stepA - stepB || timesA - timesB;
}

/** Removes old checkpoints that the list no longer has, and parts that an interrupted run left. */
async function removeLeftovers(folder: string, { removed }: Index): Promise<void> {
  const { readdir, rm } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  for (const each of await readdir(folder))
    if (partPattern.test(each) || removed.includes(each))
      await rm(join(folder, each), { recursive: true, force: true });
}
