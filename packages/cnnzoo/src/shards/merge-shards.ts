import { check, checkOptions, number, type OptionRules, optional, string } from '@cnnzoo/checks';
import { type EvaluationReport, reportFromJson } from '@cnnzoo/evaluate';
import { nodeModule, writeAtomically } from '@cnnzoo/files';
import { featureShards } from './feature-shards.js';
import { predictionShards } from './prediction-shards.js';
import { reportShards } from './report-shards.js';
import { type Run, readRun, type ShardTask, shardName } from './run.js';
import { readShard, type ShardFormat, shardFile } from './shard-file.js';

/** The options of `mergeShards`. */
export interface MergeShardsOptions {
  /** Seconds to wait for shards that are not there yet. Default 0. */
  readonly wait?: number;
}

/** What shards became. */
export interface MergedShards {
  readonly task: ShardTask;
  readonly shards: number;
  /** The file that was written: report.json, predictions.jsonl or features.safetensors. */
  readonly file: string;
  /** Of an evaluation, else null. */
  readonly report: EvaluationReport | null;
}

const rules: OptionRules<MergeShardsOptions> = { wait: optional(number(0)) };

const formats = { evaluate: reportShards, predict: predictionShards, extract: featureShards } as const;

/**
 * Joins the shards in the folder of a run exactly: the file is the one that a single process writes, but for the time that a report says. Runs in Node.
 * @param folder that `evaluateShard`, `predictShard` or `extractShard` wrote into
 * @throws RangeError naming the shard that is missing, there twice, or of another run
 * @example
 * import { mergeShards } from 'cnnzoo';
 *
 * const { file, report } = await mergeShards('results');
 * console.log(file, report?.top1);
 */
export async function mergeShards(folder: string, options: MergeShardsOptions = {}): Promise<MergedShards> {
  check('folder', folder, string('the path of a folder'));
  const { wait = 0 } = checkOptions<MergeShardsOptions>('mergeShards', options, rules);
  const run = await waitForShards(folder, wait);
  const file = nodeModule('node:path').join(folder, formats[run.task].merged);
  const merged = await mergedContent(folder, run);
  await writeAtomically(file, merged);
  await removeParts(folder);
  return {
    task: run.task,
    shards: run.shards,
    file,
    report: run.task === 'evaluate' && typeof merged === 'string' ? reportFromJson(merged) : null,
  };
}

function mergedContent(folder: string, run: Run): Promise<string | Uint8Array> {
  switch (run.task) {
    case 'evaluate':
      return joined(folder, run, reportShards);
    case 'predict':
      return joined(folder, run, predictionShards);
    case 'extract':
      return joined(folder, run, featureShards);
  }
}

async function joined<Content>(folder: string, run: Run, format: ShardFormat<Content>): Promise<string | Uint8Array> {
  const contents: Content[] = [];
  for (const { file, shard } of filesOf(folder, run)) {
    const content = await readShard(file, shard, run, format);
    if (content === null) throw new RangeError(`shard ${shardName(shard)} is missing: there is no ${file}`);
    contents.push(content);
  }
  return format.merge(contents, run);
}

function filesOf(folder: string, run: Run) {
  const { extension } = formats[run.task];
  return Array.from({ length: run.shards }, (_, index) => {
    const shard = [index, run.shards] as const;
    return { shard, file: shardFile(folder, shard, extension) };
  });
}

/** @throws RangeError naming the shards that are missing after that time, or a file of another run */
async function waitForShards(folder: string, seconds: number): Promise<Run> {
  const end = performance.now() + 1000 * seconds;
  for (;;) {
    const problem = await missingShards(folder);
    if (typeof problem !== 'string') return problem;
    if (performance.now() >= end) throw new RangeError(problem);
    await new Promise((resolve) => setTimeout(resolve, Math.min(1000, Math.max(0, end - performance.now()))));
  }
}

/** The run, where all of its shards are there, or what is missing. */
async function missingShards(folder: string): Promise<Run | string> {
  const run = await readRun(folder);
  if (run === null) return `${folder} has no run.json, so it is no folder of a run that has begun`;
  const { basename } = nodeModule('node:path');
  const there = new Set<string>(await nodeModule('node:fs/promises').readdir(folder));
  const wanted = filesOf(folder, run).map(({ file, shard }) => ({ name: basename(file), file, shard }));
  const foreign = [...there].find(
    (name) => /^shard-\d+-of-\d+\.\w+$/.test(name) && !wanted.some((each) => each.name === name),
  );
  if (foreign !== undefined)
    throw new RangeError(`${folder} has ${foreign}, which is no shard of its run of ${run.shards}: remove it`);
  const missing = wanted.filter(({ name }) => !there.has(name));
  if (missing.length === 0) return run;
  const names = missing.slice(0, 10).map(({ shard }) => shardName(shard));
  return missing.length === 1
    ? `shard ${names[0]} is missing: there is no ${missing[0]?.file}`
    : `${missing.length} shards are missing: ${names.join(', ')}${missing.length > 10 ? ' and others' : ''}`;
}

/** What was cut left files that nobody reads. */
async function removeParts(folder: string): Promise<void> {
  const { readdir, rm } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  for (const name of await readdir(folder)) if (name.endsWith('.part')) await rm(join(folder, name), { force: true });
}
