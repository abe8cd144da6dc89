/** A run whose shards are computed by several processes, and the folder that they write into. */
import { integer, oneOf, type Rule, record, shown } from '@cnnzoo/checks';
import type { EvaluationDescription, Shard } from '@cnnzoo/evaluate';
import { isRecord, nodeModule, writeAtomically } from '@cnnzoo/files';

export type ShardTask = 'evaluate' | 'predict' | 'extract';

/** What a run is of. All of its shards say the same. */
export interface Run {
  readonly task: ShardTask;
  readonly shards: number;
  /** By name: the network, its weights' hash, the images and so on. */
  readonly of: Readonly<Record<string, unknown>>;
}

const formatName = 'cnnzoo-run-1';
const runFile = 'run.json';

const tasks: readonly ShardTask[] = ['evaluate', 'predict', 'extract'];
const objectRule: Rule<Readonly<Record<string, unknown>>> = {
  expected: 'an object',
  fault: (name, value) => (isRecord(value) ? null : new TypeError(`${name} must be an object, got ${shown(value)}`)),
};
export const runRule: Rule<Run> = record<Run>({ task: oneOf(tasks), shards: integer(1), of: objectRule });

/** @param more what the task alone has, such as the names of the images */
export function runOf(
  task: ShardTask,
  shards: number,
  { models, protocol, categories, part, evidence }: EvaluationDescription,
  more: Readonly<Record<string, unknown>> = {},
): Run {
  const { weights, protocol: protocolHash, data, code } = evidence;
  const { images, batch } = part;
  return {
    task,
    shards,
    of: {
      models,
      images,
      batch,
      protocol,
      categories,
      "weights' hash": weights,
      "protocol's hash": protocolHash,
      "data's hash": data,
      code: `cnnzoo ${code.evaluate}, tfjs ${code.tfjs}, ${code.backend}`,
      ...more,
    },
  };
}

/** What a run has otherwise than another, as a sentence, or null. */
export function runDifference(is: Run, expected: Run): string | null {
  const flat = ({ task, shards, of }: Run): Readonly<Record<string, unknown>> => ({
    task,
    'number of shards': shards,
    ...of,
  });
  const [own, other] = [flat(is), flat(expected)];
  for (const name of new Set([...Object.keys(other), ...Object.keys(own)]))
    if (JSON.stringify(own[name]) !== JSON.stringify(other[name]))
      return `its ${name} is ${brief(own[name])}, expected ${brief(other[name])}`;
  return null;
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

/**
 * Makes the folder of a run, or finds it.
 * @throws RangeError where it is that of another run, or holds something else
 */
export async function claimRunFolder(folder: string, run: Run): Promise<void> {
  const { mkdir, readdir } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  await mkdir(folder, { recursive: true });
  const found = await readRun(folder);
  if (found !== null) {
    const difference = runDifference(run, found);
    if (difference === null) return;
    throw new RangeError(`${folder} has the shards of another run: for this one, ${difference}. Choose another folder`);
  }
  const other = (await readdir(folder)).find((name) => !name.endsWith('.part') && name !== runFile);
  if (other !== undefined)
    throw new RangeError(
      `${folder} must be a new folder, an empty one or that of the same run, but it has ${other} and no ${runFile}`,
    );
  // Shards that begin at the same time write the same.
  await writeAtomically(join(folder, runFile), `${JSON.stringify({ format: formatName, ...run }, null, 2)}\n`);
}

/** The run that a folder is of, or null. @throws TypeError or RangeError naming the file where it is none */
export async function readRun(folder: string): Promise<Run | null> {
  const { readFile } = nodeModule('node:fs/promises');
  const path = nodeModule('node:path').join(folder, runFile);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`${path} is no JSON`, { cause });
  }
  if (!isRecord(value) || value['format'] !== formatName) throw new TypeError(`${path} is no run of cnnzoo`);
  const { format: _, ...run } = value;
  const fault = runRule.fault(path, run);
  if (fault !== null) throw fault;
  return run as unknown as Run;
}

/** As people say it. */
export const shardName = ([index, count]: Shard): string => `${index}/${count}`;
