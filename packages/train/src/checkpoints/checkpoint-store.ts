import { nodeModule } from '../node-module.js';
import { writeAtomically } from './atomic-write.js';
import { type RunState, writeCheckpoint } from './checkpoint.js';

/** The list of checkpoints in a folder: a checkpoint counts once it is in it. */
interface Index {
  /** From the oldest to the newest. */
  readonly checkpoints: readonly string[];
  readonly best: string | null;
}

/** The checkpoints of one run. */
export interface CheckpointStore {
  /** The path of the newest checkpoint, or null. */
  newest(): string | null;
  /** Writes a checkpoint, then removes those that need not be kept. Returns its path. */
  save(state: RunState, best: boolean): Promise<string>;
}

const namePattern = /^(step-\d{8}(-\d+)?)(\.part)?$/;

/**
 * Opens a folder of checkpoints, which is made when the first one is written.
 * @param keepLast how many of the newest are kept; the best is kept besides
 * @throws TypeError naming the index file where it is damaged
 */
export async function openCheckpointStore(folder: string, keepLast: number): Promise<CheckpointStore> {
  const { mkdir } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const indexFile = join(folder, 'checkpoints.json');
  let index = await readIndex(indexFile);

  return {
    newest() {
      const name = index.checkpoints.at(-1);
      return name === undefined ? null : join(folder, name);
    },
    async save(state, best) {
      await mkdir(folder, { recursive: true });
      await removeUnlisted(folder, index);
      const name = freeName(`step-${String(state.progress.step).padStart(8, '0')}`, index);
      await writeCheckpoint(join(folder, name), join(folder, `${name}.part`), state);
      const bestName = best ? name : index.best;
      const all = [...index.checkpoints, name];
      const kept = all.filter((candidate, i) => i >= all.length - keepLast || candidate === bestName);
      index = { checkpoints: kept, best: bestName };
      // Only when the list no longer names them do old ones go: a kill at any moment leaves a list of whole checkpoints.
      await writeAtomically(indexFile, `${JSON.stringify(index, null, 2)}\n`);
      await removeUnlisted(folder, index);
      return join(folder, name);
    },
  };
}

function freeName(wanted: string, { checkpoints }: Index): string {
  let name = wanted;
  for (let i = 2; checkpoints.includes(name); i++) name = `${wanted}-${i}`;
  return name;
}

async function readIndex(file: string): Promise<Index> {
  const { access, readFile } = nodeModule('node:fs/promises');
  if (
    await access(file).then(
      () => false,
      () => true,
    )
  )
    return { checkpoints: [], best: null };
  try {
    const { checkpoints, best } = JSON.parse(await readFile(file, 'utf8')) as Index;
    if (![...checkpoints, best ?? 'step-00000000'].every((name) => namePattern.test(name)))
      throw new Error('strange names');
    return { checkpoints, best };
  } catch (cause) {
    throw new TypeError(`${file}: not a list of checkpoints: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** Removes checkpoints that the list does not name: old ones, and parts that an interrupted run left. */
async function removeUnlisted(folder: string, { checkpoints }: Index): Promise<void> {
  const { readdir, rm } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  for (const name of await readdir(folder))
    if (namePattern.test(name) && !checkpoints.includes(name)) await rm(join(folder, name), { recursive: true });
}
