import { markdownTable } from 'markdown-table';
import { disagreement, stepTimes, timeRatio, withFastestPyTorch } from './compare.js';
import type { EngineId } from './contenders.js';
import type { Results, TaskResult } from './results.js';
import { median } from './statistics.js';
import { judgeTargets } from './targets.js';
import type { Timing } from './time-task.js';
import type { MemoryTrace } from './watch-memory.js';

const milliseconds = (value: number) => (value < 100 ? value.toFixed(1) : value.toFixed(0));
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)}`;

/** The results as Markdown whose tables are aligned, so that they read well in a terminal, too. */
export function formatResults({ date, machine, threads, engines, missing, tasks }: Results): string {
  const sections = [
    `# Benchmark\n\n${date.slice(0, 16).replace('T', ' ')} UTC, ${machine.processor}, ${machine.cores} cores, ` +
      `${(machine.memory / 2 ** 30).toFixed(0)} GiB, Node ${machine.node}, ${threads} threads, float32.\n` +
      'The engines ran interleaved, each in its own process; times are medians in milliseconds, ratios are medians over the rounds.',
    table(
      ['engine', 'threads', 'notes', 'from'],
      engines.map(({ version, threads, notes, contender }) => [
        version,
        `${threads}`,
        notes.join(', '),
        contender.source,
      ]),
      'lrll',
    ),
    missing.map(({ name, reason }) => `- left out: ${name}: ${reason}`).join('\n'),
    ...tasks.map(formatTask),
    formatPredictions(tasks),
    formatTargets(tasks),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function table(header: string[], rows: string[][], align: string): string {
  return rows.length === 0 ? '' : markdownTable([header, ...rows], { align: [...align] });
}

function formatTask({ task, timings, memory, failed }: TaskResult): string {
  const parts = [
    `## ${task.title}`,
    timings.length > 0 ? formatTimings(timings, task.work.mode === 'predict' ? 'logit' : 'loss 4') : '',
    ...memory.map(formatMemory),
    failed.map(({ contender, error }) => `- failed: ${contender.engine} (${contender.source}): ${error}`).join('\n'),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function formatTimings(timings: readonly Timing[], resultName: string): string {
  const nodeLayers = timings.find(({ contender: { engine } }) => engine === 'tfjs-node')?.contender.layers;
  const peers = withFastestPyTorch(timings).filter(
    ({ contender: { engine, layers } }) =>
      engine === 'pytorch' || engine === 'onnxruntime' || (engine === 'tfjs-node' && layers === nodeLayers),
  );
  const rows = [...timings]
    .sort((a, b) => stepTimes(a).median - stepTimes(b).median)
    .map((timing) => {
      const step = stepTimes(timing);
      const { peakMemory, compilation } = timing.inspection;
      return [
        timing.version,
        milliseconds(step.median),
        `${milliseconds(step.low)} to ${milliseconds(step.high)}`,
        milliseconds(median(timing.processorTimes)),
        ...peers.map((peer) => timeRatio(timing, peer).toFixed(2)),
        milliseconds(timing.firstStep),
        milliseconds(timing.secondStep),
        compilation === null ? '' : milliseconds(compilation.compileTime),
        megabytes(peakMemory),
        timing.results.at(-1)?.toPrecision(6) ?? '',
      ];
    });
  const header = [
    'engine',
    'step',
    '10 to 90 %',
    'processor',
    ...peers.map(({ version }) => `× ${version.split('+')[0]}`),
    'first',
    'second',
    'compiling',
    'peak MB',
    resultName,
  ];
  const fallbacks = timings.flatMap(({ version, inspection }) =>
    Object.entries(inspection.compilation?.fallbacks ?? {}).map(
      ([kernel, calls]) => `- ${version}: ${kernel} fell back to tfjs's cpu backend ${calls} times`,
    ),
  );
  const parts = [
    table(header, rows, `l${'r'.repeat(header.length - 1)}`),
    `${timings[0]?.parameters.toLocaleString('en')} parameters.`,
    fallbacks.join('\n'),
  ];
  if (timings.length > 1)
    parts[1] += ` What the engines read in their first four steps differs by at most ${disagreement(timings).toExponential(0)} of it.`;
  return parts.filter((part) => part !== '').join('\n\n');
}

function formatMemory({ version, samples }: MemoryTrace): string {
  const last = samples.at(-1);
  const settled = samples.find(({ steps }) => steps === 200);
  if (last === undefined || settled === undefined) return '';
  const highest = Math.max(...samples.filter(({ steps }) => steps > 200).map(({ residentMemory }) => residentMemory));
  const shown = samples.filter(({ steps }) => steps === 200 || steps % 1000 === 0 || steps === last.steps);
  const rows = shown.map(({ steps, residentMemory, tensors, compilation }) => [
    steps.toLocaleString('en'),
    megabytes(residentMemory),
    `${tensors ?? ''}`,
    `${compilation?.compilations ?? ''}`,
  ]);
  return [
    `${version}: after the first 200 steps resident memory is at most ${megabytes(highest - settled.residentMemory)} MB above ` +
      `and in the end ${megabytes(last.residentMemory - settled.residentMemory)} MB from where it was.`,
    table(['steps', 'resident MB', 'tensors', 'compilations'], rows, 'rrrr'),
  ].join('\n\n');
}

/** A prediction by each engine, one row a network: the table of the README. */
function formatPredictions(tasks: readonly TaskResult[]): string {
  const columns: readonly { engine: EngineId; title: string }[] = [
    { engine: 'onnx-frozen', title: '`freeze`' },
    { engine: 'onnx', title: '`model.predict`, settled' },
    { engine: 'onnx-changing', title: '`model.predict`, at once' },
    { engine: 'onnxruntime', title: 'onnxruntime alone' },
    { engine: 'pytorch', title: 'PyTorch' },
    { engine: 'tfjs-node', title: 'tfjs-node' },
    { engine: 'tfjs-wasm', title: 'tfjs wasm' },
  ];
  const rows = tasks
    .filter(({ task, timings }) => task.work.mode === 'predict' && timings.length > 0)
    .map(({ task, timings }) => [
      task.title,
      ...columns.map(({ engine }) => {
        const timing = withFastestPyTorch(timings).find(({ contender }) => contender.engine === engine);
        return timing === undefined ? '' : milliseconds(stepTimes(timing).median);
      }),
    ]);
  const header = ['milliseconds', ...columns.map(({ title }) => title)];
  return rows.length === 0 ? '' : `## Predictions\n\n${table(header, rows, `l${'r'.repeat(columns.length)}`)}`;
}

/** Figures that are shares of the engine's own. */
const ownFigures: Partial<Record<string, string>> = {
  'first step': 'own second step',
  'second step': 'own steady step',
};

function formatTargets(tasks: readonly TaskResult[]): string {
  const rows = tasks.flatMap(({ task, timings }) =>
    judgeTargets(task.id, timings).map(({ figure, version, peerVersion, atMost, measured, met }) => [
      task.id,
      version,
      figure,
      ownFigures[figure] ?? peerVersion,
      `≤ ${atMost.toFixed(2)}`,
      measured.toFixed(2),
      met ? 'met' : 'missed',
    ]),
  );
  return rows.length === 0
    ? ''
    : `## Targets of the onnx backend\n\n${table(['task', 'engine', 'figure', 'against', 'target', 'measured', ''], rows, 'llllrrl')}`;
}
