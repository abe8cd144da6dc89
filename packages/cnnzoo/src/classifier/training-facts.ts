import { check, integer, listOf, number, type OptionRules, record, rule } from '@cnnzoo/checks';
import { isRecord, nodeModule, parseJson, readBudget, writeFilesAtomically } from '@cnnzoo/files';
import type { EpochRecord } from '@cnnzoo/train';

/** How a classifier was trained. */
export interface TrainingFacts {
  /** The weights that training began with: a published set, a path or an address; null where it began with random ones. */
  readonly weights: string | null;
  /** How many images the weights were trained on, and tested on after each epoch. */
  readonly images: { readonly training: number; readonly validation: number };
  readonly epochs: number;
  /** Of these, those at the beginning in which only the head learned. */
  readonly frozenEpochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Epoch by epoch. */
  readonly history: readonly EpochRecord[];
}

const file = 'training.json';

const factsRules: OptionRules<TrainingFacts> = {
  weights: rule<string | null>('a string or null', (value) => value === null || typeof value === 'string'),
  images: record<TrainingFacts['images']>({ training: integer(1), validation: integer(0) }),
  epochs: integer(0),
  frozenEpochs: integer(0),
  batchSize: integer(1),
  learningRate: number(0),
  seed: integer(0),
  history: listOf(
    rule<EpochRecord>(
      'the record of an epoch, with epoch, loss and accuracy',
      (value) => isRecord(value) && ['epoch', 'loss', 'accuracy'].every((field) => typeof value[field] === 'number'),
    ),
  ),
};

/** Writes them into a classifier's folder, or takes old ones away where there are none. */
export async function writeTrainingFacts(folder: string, facts: TrainingFacts | null): Promise<void> {
  const path = nodeModule('node:path').join(folder, file);
  if (facts === null) {
    await nodeModule('node:fs/promises').rm(path, { force: true });
  } else await writeFilesAtomically([{ path, content: `${JSON.stringify(facts, null, 2)}\n` }]);
}

/**
 * Reads those of a classifier's folder, or null where it has none.
 * @throws TypeError or RangeError naming the file and the field that is wrong
 */
export async function readTrainingFacts(folder: string): Promise<TrainingFacts | null> {
  const path = nodeModule('node:path').join(folder, file);
  const bytes = await nodeModule('node:fs/promises')
    .readFile(path)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  if (bytes === null) return null;
  return check(
    path,
    parseJson(bytes, path, readBudget(path, bytes.length, undefined)),
    record<TrainingFacts>(factsRules),
  );
}
