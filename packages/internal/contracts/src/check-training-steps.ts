/**
 * Exports training steps and compares 20 of each with the engine's own: in Node and in Python on onnxruntime, in Chromium on
 * onnxruntime-web. onnx's checker has to accept each file.
 *
 *   pnpm --filter @cnnzoo/contracts check-training-steps [--steps 20] [--operators standard] [--python PROGRAM] [--browser]
 *     [--torch PROGRAM] [NETWORK…]
 *
 * With `--small` every network for 32x32 pictures instead, with small images and, unless `--steps` says otherwise, one step. Each of its weights is
 * compared by its own norm: biases that have just left 0 are nothing but gradient. Deep plain networks amplify rounding beyond any fixed bar. What the
 * engine itself is off by when every pixel is moved by a millionth is printed, and a file may be off by ten times that.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { exportTrainingStep, parity, writeTrainingStep } from '@cnnzoo/handover';
import { updateWeights } from '@cnnzoo/train';
import { readSafetensors, type StateDict, writeSafetensors } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { replayInBrowser } from './replay-in-browser.js';
import {
  type StepBatch,
  type StepCase,
  smallStepCases,
  stepBatches,
  stepCases,
  stepOptimizer,
  stepRecipe,
} from './training-step-cases.js';

/** Of a loss, of the L2 norm of all weights and, of small networks, of that of each weight. */
const bars = { loss: 1e-5, weights: 1e-4, each: 1e-3 };

const example = fileURLToPath(new URL('../../../../examples/training-step', import.meta.url));
const replayScript = fileURLToPath(new URL('../python/replay_step.py', import.meta.url));

interface Replay {
  readonly losses: readonly number[];
  readonly milliseconds: readonly number[];
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function inEngine(
  model: LayersModel,
  used: ReturnType<typeof stepOptimizer>,
  batches: readonly StepBatch[],
): Promise<Replay> {
  const losses: number[] = [];
  const milliseconds: number[] = [];
  for (const batch of batches) {
    const start = performance.now();
    const { loss, ...others } = updateWeights(model, used, batch);
    losses.push((await loss.data())[0] ?? Number.NaN);
    milliseconds.push(performance.now() - start);
    tf.dispose([loss, others as tf.TensorContainer]);
  }
  return { losses, milliseconds };
}

async function inNode(folder: string, batches: StateDict): Promise<Replay> {
  const [ort, { trainingStep }] = await Promise.all([
    import('onnxruntime-node'),
    import(join(example, 'training-step.mjs')),
  ]);
  const read = (name: string) => readFileSync(join(folder, name));
  const manifest = JSON.parse(read('manifest.json').toString());
  const { step, save } = await trainingStep(ort, {
    manifest,
    model: read('step.onnx'),
    state: read('state.safetensors'),
  });
  const losses: number[] = [];
  const milliseconds: number[] = [];
  const of = (name: string, i: number) => batches.get(`${name}.${i}`)?.data;
  for (let i = 0; i < batches.size / 3; i++) {
    const given = {
      images: of('images', i),
      labels: of('labels', i),
      learning_rate: of('learning_rate', i)?.[0],
      seed: i,
    };
    const start = performance.now();
    losses.push((await step(given)).loss);
    milliseconds.push(performance.now() - start);
  }
  writeFileSync(join(folder, 'trained.safetensors'), save());
  return { losses, milliseconds };
}

function inPython(python: string, folder: string): Replay & { readonly domains: readonly string[] | null } {
  const output = execFileSync(python, [replayScript, join(example, 'python'), folder], { maxBuffer: 2 ** 26 });
  return JSON.parse(output.toString());
}

interface WeightDeviation {
  readonly weights: number;
  readonly worst: number;
  readonly name: string;
}

function lossDeviation(expected: readonly number[], actual: readonly number[]): number {
  return Math.max(...expected.map((loss, i) => Math.abs((actual[i] ?? Number.NaN) / loss - 1)));
}

/**
 * The L2 norm of the weights' difference, relative to theirs, and the tensor that is furthest off by its own norm: biases that have just left 0
 * are. Running statistics count as weights.
 */
function deviationOf(trained: StateDict, expected: StateDict): WeightDeviation {
  let [worst, worstName, allOff, all] = [0, '', 0, 0];
  for (const [name, { data }] of expected) {
    if (!(data instanceof Float32Array) || name.endsWith('momentum_buffer')) continue;
    const actual = trained.get(name)?.data;
    let [off, norm] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      const value = data[i] as number;
      off += (value - Number(actual?.[i])) ** 2;
      norm += value ** 2;
    }
    const deviation = norm === 0 && off === 0 ? 0 : Math.sqrt(off / norm);
    if (!(deviation <= worst)) [worst, worstName] = [deviation, name];
    allOff += off;
    all += norm;
  }
  return { weights: Math.sqrt(allOff / all), worst, name: worstName };
}

/** What rounding may do: the most that the engine is off by when all pixels are moved by a millionth, as sums of hundreds of products are. */
async function roundingOf(
  one: StepCase,
  batches: readonly StepBatch[],
  losses: readonly number[],
  expected: StateDict,
) {
  const most = { loss: 0, weights: 0, each: 0 };
  for (const seed of [1, 2, 3, 4]) {
    const moved = batches.map(({ images, labels }) => ({
      images: tf.tidy(() => {
        const signs = tf.sub(tf.mul(tf.randomUniform(images.shape, 0, 2, 'int32', seed), 2), 1);
        return tf.mul(images, tf.add(tf.mul(signs, 1e-6), 1)) as tf.Tensor4D;
      }),
      labels,
    }));
    const [model, used] = [one.build(), stepOptimizer(one)];
    const others = await inEngine(model, used, moved);
    const step = exportTrainingStep(model, { optimizer: used, batchSize: one.batchSize });
    const { weights, worst } = deviationOf(await readSafetensors(step.state), expected);
    most.loss = Math.max(most.loss, lossDeviation(losses, others.losses));
    most.weights = Math.max(most.weights, weights);
    most.each = Math.max(most.each, worst);
    tf.dispose(moved.map(({ images }) => images));
    model.dispose();
    used.dispose();
  }
  return most;
}

interface Settings {
  readonly steps: number;
  /** Whether each weight is compared by its own norm, too. */
  readonly each: boolean;
  readonly operators: 'standard' | 'onnxruntime';
  readonly python: string | undefined;
  readonly browser: boolean;
  /** A Python with torch, which says what float32 itself is off by. */
  readonly torch: string | undefined;
}

/** @returns what is wrong */
async function checkCase(
  one: StepCase,
  { steps, each, operators, python, browser, torch }: Settings,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-step-'));
  const problems: string[] = [];
  try {
    const [model, used] = [one.build(), stepOptimizer(one)];
    const options = { optimizer: used, batchSize: one.batchSize, operators };
    await writeTrainingStep(model, folder, options);
    const batches = stepBatches(model, one, steps);
    const dict: StateDict = new Map();
    for (const [i, { images, labels }] of batches.entries()) {
      dict.set(`images.${i}`, { shape: images.shape, dtype: 'F32', data: images.dataSync<'float32'>() });
      dict.set(`labels.${i}`, { shape: labels.shape, dtype: 'I32', data: labels.dataSync<'int32'>() });
      dict.set(`learning_rate.${i}`, { shape: [], dtype: 'F32', data: Float32Array.of(one.learningRate) });
    }
    writeFileSync(join(folder, 'batches.safetensors'), writeSafetensors(dict));
    if (torch !== undefined) {
      const { certificate } = await parity(model, stepRecipe(one), { batches, python: torch });
      const { loss, weights } = certificate.deviations.torchFromFloat64;
      console.log(
        `${one.name}: PyTorch's float32 is off from its float64 by ${loss.toExponential(1)} (losses) and ${weights.all.toExponential(1)} (weights)`,
      );
    }
    const engine = await inEngine(model, used, batches);
    const expected = exportTrainingStep(model, options).state;
    writeFileSync(join(folder, 'expected.safetensors'), expected);
    const weights = await readSafetensors(expected);
    const rounding = each ? await roundingOf(one, batches, engine.losses, weights) : { loss: 0, weights: 0, each: 0 };
    if (each)
      console.log(
        `${one.name}: by rounding alone losses ${rounding.loss.toExponential(1)}, weights ${rounding.weights.toExponential(1)}, at most ${rounding.each.toExponential(1)}`,
      );
    tf.dispose(batches.flatMap(({ images, labels }) => [images, labels]));
    model.dispose();
    used.dispose();
    const report = async (where: string, { losses, milliseconds }: Replay, given?: WeightDeviation) => {
      const loss = lossDeviation(engine.losses, losses);
      const {
        weights: deviation,
        worst,
        name,
      } = given ?? deviationOf(await readSafetensors(join(folder, 'trained.safetensors')), weights);
      const ratio = median(milliseconds.slice(1)) / median(engine.milliseconds.slice(1));
      console.log(
        [
          one.name.padEnd(15),
          operators.padEnd(12),
          where.padEnd(9),
          `losses ${loss.toExponential(1)}`,
          `weights ${deviation.toExponential(1)}, at most ${worst.toExponential(1)} (${name})`,
          `${median(milliseconds.slice(1)).toFixed(0)} ms, ${ratio.toFixed(2)} of the engine's`,
        ].join('  '),
      );
      if (!(loss <= Math.max(bars.loss, 10 * rounding.loss)))
        problems.push(`${one.name} in ${where}: losses are off by ${loss}`);
      if (!(deviation <= Math.max(bars.weights, 10 * rounding.weights)))
        problems.push(`${one.name} in ${where}: the weights are off by ${deviation}`);
      if (each && !(worst <= Math.max(bars.each, 10 * rounding.each)))
        problems.push(`${one.name} in ${where}: ${name} is off by ${worst}`);
    };
    await report('Node', await inNode(folder, dict));
    if (python !== undefined) {
      const replay = inPython(python, folder);
      await report('Python', replay);
      const foreign = replay.domains?.filter((domain) => domain !== '') ?? [];
      if (operators === 'standard' && foreign.length > 0) problems.push(`${one.name}: operators of ${foreign}`);
      console.log(`${one.name}: ${replay.domains === null ? 'not checked: no onnx' : 'the checker accepts it'}`);
    }
    if (browser) {
      const { deviation, ...replay } = await replayInBrowser(folder);
      await report('Chromium', replay, deviation);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return problems;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string' },
    small: { type: 'boolean', default: false },
    operators: { type: 'string', default: 'standard' },
    python: { type: 'string' },
    browser: { type: 'boolean', default: false },
    torch: { type: 'string' },
  },
});
registerOnnxBackend();
await tf.setBackend('onnx');
const problems: string[] = [];
const isWanted = ({ name, exported }: StepCase) => (positionals.length === 0 ? exported : positionals.includes(name));
for (const one of (values.small ? smallStepCases : stepCases).filter(isWanted))
  problems.push(
    ...(await checkCase(one, {
      each: values.small,
      steps: Number(values.steps ?? (values.small ? 1 : 20)),
      operators: values.operators === 'onnxruntime' ? 'onnxruntime' : 'standard',
      python: values.python,
      browser: values.browser,
      torch: values.torch,
    })),
  );
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
