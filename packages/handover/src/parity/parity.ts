import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  check,
  checkOptions,
  integer,
  isTensor,
  layersModel,
  listOf,
  number,
  type OptionRules,
  optional,
  rule,
  string,
} from '@cnnzoo/checks';
import { readMetadata } from '@cnnzoo/metadata';
import { type Batch, type Recipe, type RecipeName, recipeOptions, updateWeights } from '@cnnzoo/train';
import { loadStateDict, stateDict, writeSafetensors } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import packageFile from '../../package.json' with { type: 'json' };
import { exportTorchStep, writeProgram } from '../torch/export-torch.js';
import { pythonFile } from '../torch/python-files.js';
import {
  certificateText,
  type Deviation,
  type ParityCertificate,
  verdictOf,
  type WeightDeviation,
} from './certificate.js';
import { batchesFile, checkBatches, drawBatches } from './parity-batches.js';
import { defaultPython, runPython } from './python-process.js';

/** The options of `parity`. */
export interface ParityOptions {
  /** Steps that both sides take. Default 20. */
  readonly steps?: number;
  /** Images in a step. Default 8. Fewer than 8 images with batch norm amplify rounding. */
  readonly batchSize?: number;
  /** Of all steps, instead of the recipe's. A schedule is not applied. */
  readonly learningRate?: number;
  /** The batches, instead of noise. They stay the caller's. */
  readonly batches?: readonly Batch[];
  /** A Python with torch and safetensors. Default: `CNNZOO_PYTHON`, else `python3`. */
  readonly python?: string;
  /** Threads of PyTorch. Default: as many as it takes by itself. */
  readonly threads?: number;
}

const parityRules: OptionRules<ParityOptions> = {
  steps: optional(integer(1)),
  batchSize: optional(integer(1)),
  learningRate: optional(number(0)),
  batches: optional(
    listOf(
      rule<Batch>('a batch: { images, labels }, both tensors', (value) => {
        const { images, labels } = (value ?? {}) as Partial<Batch>;
        return isTensor(images) && isTensor(labels);
      }),
      1,
    ),
  ),
  python: optional(string('the path of a Python')),
  threads: optional(integer(1)),
};

/** What `parity` gives back. */
export interface ParityReport {
  readonly certificate: ParityCertificate;
  /** The same as Markdown. */
  readonly text: string;
}

/** What one side measured at each step. */
interface Measured {
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
}

/** What parity.py prints. */
interface Answer {
  readonly versions: { readonly python: string; readonly torch: string };
  readonly threads: number;
  readonly float32: Measured;
  readonly float64: Measured;
  readonly weights: Readonly<Record<keyof ParityCertificate['deviations'], WeightDeviation>>;
}

/**
 * Proves that training is the same here and in PyTorch: takes the first steps of a run on both sides, from the same weights on the same
 * batches, and compares losses, gradient norms and the weights at the end. Beside each deviation stands that of PyTorch's own float32 from its
 * float64. Dropout is off on both sides, since their random numbers differ. The model and its weights stay as they are.
 *
 * @param model a layers model with one input of known size, on a backend that trains
 * @param recipe whose optimizer, loss and clipping are used, by name or one of your own
 * @returns the certificate, as data and as Markdown
 * @throws TypeError or RangeError naming the argument or the layer that is wrong; Error where there is no Python with torch and safetensors
 * @example
 * import { parity } from '@cnnzoo/handover';
 * import { lenet5 } from '@cnnzoo/lenet';
 *
 * const { certificate, text } = await parity(lenet5({ seed: 1 }), 'lenet', { python: '/usr/bin/python3' });
 * console.log(certificate.verdict, text);
 */
export async function parity(
  model: LayersModel,
  recipe: RecipeName | Recipe,
  options: ParityOptions = {},
): Promise<ParityReport> {
  check('model', model, layersModel<LayersModel>());
  const {
    steps = 20,
    batchSize = 8,
    learningRate,
    batches: given,
    python = defaultPython(),
    threads = 0,
  } = checkOptions('parity', options, parityRules);
  checkBatches(model, given ?? []);
  const { optimizer, labelSmoothing, auxiliaryWeight, clipping } = recipeOptions(recipe);
  const rate = learningRate ?? optimizer.learningRate;
  const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-parity-'));
  const before = stateDict(model);
  const batches = given ?? drawBatches(model, batchSize, steps);
  try {
    await writeProgram(folder, await exportTorchStep(model, recipe));
    await writeFile(join(folder, 'batches.safetensors'), writeSafetensors(await batchesFile(batches, rate)));
    optimizer.learningRate = rate;
    const engine = await withoutDropout(model, () =>
      replay(batches, (batch) =>
        updateWeights(model, optimizer, batch, {
          ...(labelSmoothing !== undefined && { labelSmoothing }),
          ...(auxiliaryWeight !== undefined && { auxiliaryWeight }),
          ...(clipping !== undefined && { clipping }),
        }),
      ),
    );
    await writeFile(join(folder, 'engine.safetensors'), writeSafetensors(stateDict(model)));
    const words = [pythonFile('parity.py'), folder, String(threads)];
    const answer = (await runPython(python, words)) as Answer;
    const deviations = {
      engineFromTorch: deviation(engine, answer.float32, answer.weights.engineFromTorch),
      torchFromFloat64: deviation(answer.float32, answer.float64, answer.weights.torchFromFloat64),
      engineFromFloat64: deviation(engine, answer.float64, answer.weights.engineFromFloat64),
    };
    const first = batches[0]?.images.shape ?? [];
    const certificate: ParityCertificate = {
      format: 'cnnzoo-parity-1',
      network: readMetadata(model).id ?? model.name,
      recipe,
      verdict: verdictOf(deviations),
      settings: {
        steps: batches.length,
        batchSize: Number(first[0]),
        input: first.slice(1),
        learningRate: rate,
        dropout: 'off',
        threads: answer.threads,
      },
      deviations,
      steps: engine.losses.map((_, i) => ({
        loss: triple(i, engine.losses, answer.float32.losses, answer.float64.losses),
        gradientNorm: triple(i, engine.gradientNorms, answer.float32.gradientNorms, answer.float64.gradientNorms),
      })),
      versions: {
        cnnzoo: packageFile.version,
        backend: tf.getBackend(),
        ...versionOf('onnxruntime-node'),
        '@tensorflow/tfjs-core': tf.version_core,
        node: process.versions.node,
        ...answer.versions,
        processor: cpus()[0]?.model.trim() ?? 'unknown',
      },
      hashes: await hashes(folder),
      date: new Date().toISOString(),
    };
    return { certificate, text: certificateText(certificate) };
  } finally {
    loadStateDict(model, before);
    if (given === undefined) tf.dispose(batches.map(({ images, labels }) => [images, labels]));
    optimizer.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs something while no layer of a model drops anything out. */
async function withoutDropout<T>(model: LayersModel, run: () => Promise<T>): Promise<T> {
  const layers = dropoutLayers(model.layers);
  const rates = layers.map((layer) => layer.rate);
  for (const layer of layers) layer.rate = 0;
  try {
    return await run();
  } finally {
    for (const [i, layer] of layers.entries()) layer.rate = rates[i] ?? 0;
  }
}

type Layer = LayersModel['layers'][number];

function dropoutLayers(layers: readonly Layer[]): (Layer & { rate: number })[] {
  return layers.flatMap((layer) => {
    if ('layers' in layer && Array.isArray(layer.layers)) return dropoutLayers(layer.layers);
    return 'rate' in layer && typeof layer.rate === 'number' ? [layer as Layer & { rate: number }] : [];
  });
}

async function replay(
  batches: readonly Batch[],
  update: (batch: Batch) => ReturnType<typeof updateWeights>,
): Promise<Measured> {
  const [losses, gradientNorms]: [number[], number[]] = [[], []];
  for (const batch of batches) {
    const measures = update(batch);
    losses.push(Number((await measures.loss.data())[0]));
    gradientNorms.push(Number((await measures.gradientNorm.data())[0]));
    tf.dispose(measures);
  }
  return { losses, gradientNorms };
}

function deviation(actual: Measured, expected: Measured, weights: WeightDeviation): Deviation {
  const largest = (name: keyof Measured) =>
    Math.max(...expected[name].map((value, i) => Math.abs(Number(actual[name][i]) / value - 1)));
  return { loss: largest('losses'), gradientNorm: largest('gradientNorms'), weights };
}

const triple = (i: number, engine: readonly number[], torch: readonly number[], float64: readonly number[]) => ({
  engine: Number(engine[i]),
  torch: Number(torch[i]),
  float64: Number(float64[i]),
});

function versionOf(name: string): Record<string, string> {
  try {
    const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
    return { [name]: version };
  } catch {
    // Another backend may compute, and then it need not be there.
    return {};
  }
}

async function hashes(folder: string): Promise<Record<string, string>> {
  const names = ['network.py', 'recipe.py', 'weights.safetensors', 'batches.safetensors', 'engine.safetensors'];
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const));
  return Object.fromEntries(files.map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]));
}
