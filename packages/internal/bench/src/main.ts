/** The benchmark's command line: `npm run bench -- --help`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option, program } from 'commander';
import { type Contender, contendersOf, type EngineId, engineIds, layerSources } from './contenders.js';
import { startEngine } from './engine-process.js';
import { formatResults } from './format-results.js';
import { writePictures } from './pictures.js';
import type { Introduction, LayerSource } from './protocol.js';
import type { Results, TaskResult } from './results.js';
import { type Task, tasks } from './tasks.js';
import { timeTask } from './time-task.js';
import { watchMemory } from './watch-memory.js';

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}
function positiveInteger(text: string): number {
  if (!Number.isInteger(positive(text))) throw new InvalidArgumentError('Expected an integer of at least 1.');
  return Number(text);
}
/** Parses a list separated by commas, each of which must be one of `known`. */
function listOf<T extends string>(known: readonly T[]) {
  return (text: string): T[] =>
    text.split(',').map((name) => {
      const found = known.find((candidate) => candidate === name);
      if (found === undefined) throw new InvalidArgumentError(`'${name}' is none of ${known.join(', ')}.`);
      return found;
    });
}

interface Options {
  readonly tasks: readonly string[];
  readonly engines: readonly EngineId[];
  readonly layers: readonly LayerSource[];
  readonly threads: number;
  readonly seconds: number;
  readonly tfjsNode?: string;
  readonly python: readonly string[];
  readonly output: string;
}

const taskIds = tasks.map(({ id }) => id);
program
  .name('npm run bench --')
  .description(
    'Times the onnx backend against its peers: the same work, the same threads, interleaved. Prints tables and writes ' +
      'them as Markdown and JSON. Peers that are not there are left out and said so.',
  )
  .addOption(
    new Option('--tasks <list>', `what to do, separated by commas: ${taskIds.join(', ')}`)
      .argParser(listOf(taskIds))
      .default(taskIds, 'all'),
  )
  .addOption(
    new Option('--engines <list>', `who takes part, separated by commas: ${engineIds.join(', ')}`)
      .argParser(listOf(engineIds))
      .default(engineIds, 'all'),
  )
  .addOption(
    new Option('--layers <list>', `whose layers the onnx backend and tfjs-node run: ${layerSources.join(', ')}`)
      .argParser(listOf(layerSources))
      .default(layerSources, 'both'),
  )
  .option('--threads <n>', 'threads of each engine that has any', positiveInteger, availableParallelism())
  .option('--seconds <n>', 'counted time of each engine in each task', positive, 10)
  .addOption(
    new Option(
      '--tfjs-node <folder>',
      'folder with tfjs-node in its node_modules; packages/internal/bench/tfjs-node/build.sh makes one',
    ).env('CNNZOO_BENCH_TFJS_NODE'),
  )
  .addOption(
    new Option('--python <list>', 'Python interpreters with torch and numpy, separated by commas')
      .env('CNNZOO_BENCH_PYTHON')
      .argParser((text) => text.split(','))
      .default([], 'the first of python3 and /usr/bin/python3 that has them'),
  )
  .option('--output <folder>', 'where results.md and results.json go', 'runs/bench')
  .parse();
const options = program.opts<Options>();

const showsProgress = process.stderr.isTTY;
function progress(text: string): void {
  if (showsProgress) process.stderr.write(`\r\x1b[K${text}`);
}

/** Starts each contender once, to know who is there. */
async function rollCall(): Promise<Pick<Results, 'engines' | 'missing'>> {
  const engines: (Introduction & { contender: Contender })[] = [];
  const missing: { name: string; reason: string }[] = [];
  const given = options.python.length > 0;
  const pythons = given ? options.python : ['python3', '/usr/bin/python3'];
  const tfjsNode = options.tfjsNode === undefined ? undefined : resolve(options.tfjsNode);
  if (tfjsNode === undefined && options.engines.includes('tfjs-node'))
    missing.push({
      name: 'tfjs-node',
      reason: 'not installed; packages/internal/bench/README.md says how, --tfjs-node says where',
    });
  const withoutTorch: { name: string; reason: string }[] = [];
  for (const contender of contendersOf(options.engines, options.layers, options.threads, { tfjsNode, pythons })) {
    const elsewhere = engines.some(
      ({ contender: { engine, source } }) => engine === contender.engine && source !== contender.source,
    );
    if (elsewhere && ((contender.engine === 'pytorch' && !given) || contender.engine === 'onnxruntime')) continue;
    const name = `${contender.engine} (${contender.source})`;
    progress(`starting ${name}`);
    try {
      const engine = await startEngine(contender.start);
      await engine.stop();
      engines.push({ ...engine.introduction, contender });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      (contender.engine === 'pytorch' && !given ? withoutTorch : missing).push({ name, reason });
    }
  }
  const hasTorch = engines.some(({ contender }) => contender.engine === 'pytorch');
  return { engines, missing: hasTorch ? missing : [...missing, ...withoutTorch] };
}

/** Writes the files that a task reads, and has it done. */
async function doTask(task: Task, contenders: readonly Contender[]): Promise<TaskResult> {
  if (task.pictures === undefined) return doPreparedTask(task, contenders);
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-bench-'));
  try {
    await writePictures(folder, task.pictures);
    const result = await doPreparedTask({ ...task, work: { ...task.work, folder } }, contenders);
    return { ...result, task };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function doPreparedTask(task: Task, contenders: readonly Contender[]): Promise<TaskResult> {
  if (task.memorySteps === undefined) {
    const outcomes = await timeTask(task, contenders, options.seconds, progress);
    return {
      task,
      timings: outcomes.filter((outcome) => 'rounds' in outcome),
      memory: [],
      failed: outcomes.filter((outcome) => 'error' in outcome),
    };
  }
  const result = {
    task,
    timings: [],
    memory: [] as TaskResult['memory'][number][],
    failed: [] as TaskResult['failed'][number][],
  };
  for (const contender of contenders) {
    try {
      result.memory.push(await watchMemory(task, task.memorySteps, contender, progress));
    } catch (error) {
      result.failed.push({ contender, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return result;
}

const { engines, missing } = await rollCall();
const taskResults: TaskResult[] = [];
for (const task of tasks.filter(({ id }) => options.tasks.includes(id))) {
  const contenders = engines
    .map(({ contender }) => contender)
    .filter(({ engine }) => task.engines.includes(engine))
    .filter(({ layers }) => layers === null || (task.layers ?? layerSources).includes(layers));
  if (contenders.length > 0) taskResults.push(await doTask(task, contenders));
}
const results: Results = {
  date: new Date().toISOString(),
  machine: {
    processor: cpus()[0]?.model ?? 'unknown processor',
    cores: availableParallelism(),
    memory: totalmem(),
    node: process.versions.node,
  },
  threads: options.threads,
  engines,
  missing,
  tasks: taskResults,
};
progress('');
const text = formatResults(results);
console.log(text);
mkdirSync(options.output, { recursive: true });
writeFileSync(join(options.output, 'results.md'), text);
// The processes' environments are nobody's business.
const json = JSON.stringify(results, (key, value: unknown) => (key === 'start' ? undefined : value), 2);
writeFileSync(join(options.output, 'results.json'), json);
console.log(`Written to ${join(options.output, 'results.md')} and results.json.`);
