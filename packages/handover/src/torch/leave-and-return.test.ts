/**
 * Training that leaves for PyTorch and comes back. The recipe draws nothing at random but the order of the images, which is the same on both
 * sides: so a run that changes sides in the middle of an epoch must end as one that stays. Run with
 * CNNZOO_PYTHON=PROGRAM pnpm --filter @cnnzoo/handover test
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { batchNorm, connect, conv2d, dense, dropout, flatten, maxPooling2d } from '@cnnzoo/blocks';
import { DataLoader, imageFolder, split } from '@cnnzoo/data';
import { lenet5 } from '@cnnzoo/lenet';
import { readMetadata } from '@cnnzoo/metadata';
import { resnet18 } from '@cnnzoo/resnet';
import { type Recipe, recipeOptions, recipes, type TrainOptions, train } from '@cnnzoo/train';
import { evaluationTransform, pcaLighting, preprocessings, recipeAugmentation } from '@cnnzoo/transforms';
import { type StateDict, stateDict } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import { input, model as makeModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Verdict, verdictOf } from '../parity/certificate.js';
import { parity } from '../parity/parity.js';
import { writeTorch } from './export-torch.js';

const python = process.env['CNNZOO_PYTHON'] ?? 'python3';
const hasTorch = (() => {
  try {
    execFileSync(python, ['-c', 'import torch, torchvision, safetensors'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: no Python with torch, torchvision and safetensors, name one with CNNZOO_PYTHON');
    return false;
  }
})();

const folder = mkdtempSync(join(tmpdir(), 'leave-and-return-'));
afterAll(() => rmSync(folder, { recursive: true }));

const classes = ['a', 'b', 'c'];
const recipe: Recipe = {
  ...recipes.lenet,
  batchSize: 6,
  epochs: 3,
  optimizer: { name: 'adamw', learningRate: 0.002, weightDecay: 0.01, decayBiasesAndNorms: false },
  labelSmoothing: 0.1,
  averageDecay: 0.5,
  clipping: { norm: 1 },
};

/** Bars in noise, grey, as PPM files: 13 of each class, so that the last batch is smaller. */
function drawImages(): void {
  let seed = 1;
  const noise = () => {
    seed = (seed * 48271) % 2147483647;
    return seed % 100;
  };
  for (const [label, name] of classes.entries()) {
    mkdirSync(join(folder, 'images', name), { recursive: true });
    for (let i = 0; i < 13; i++) {
      const pixels = Uint8Array.from({ length: 28 * 28 }, noise);
      for (let y = 0; y < 28; y++) pixels.fill(200, 28 * y + 8 * label, 28 * y + 8 * label + 3 + (i % 3));
      const rgb = Uint8Array.from({ length: 3 * pixels.length }, (_, at) => pixels[Math.floor(at / 3)] ?? 0);
      const file = Buffer.concat([Buffer.from('P6 28 28 255\n'), rgb]);
      writeFileSync(join(folder, 'images', name, `${String(i).padStart(2, '0')}.ppm`), file);
    }
  }
}

const network = () => lenet5({ numClasses: classes.length, seed: 1 });

/** Trains here, to the end or to a step. */
async function trainHere(checkpoints: string, options: Partial<TrainOptions> = {}, stopAt?: number) {
  const model = network();
  const { preprocessing } = readMetadata(model);
  if (preprocessing === undefined) throw new Error('LeNet-5 says how its images are prepared');
  const all = await imageFolder(join(folder, 'images'), { channels: 1 });
  const { training, validation } = await split(all, { training: 0.9, validation: 0.1 }, { seed: 0 });
  const { transform } = recipeAugmentation(recipe, { preprocessing, classes: classes.length });
  const loader = new DataLoader(training, { batchSize: recipe.batchSize, shuffle: true, transform });
  const tested = new DataLoader(validation, { batchSize: 3, transform: evaluationTransform(preprocessing) });
  const stop = new AbortController();
  const losses: number[] = [];
  const history = await train(model, loader, {
    ...recipeOptions(recipe),
    validation: tested,
    checkpoint: { folder: join(folder, checkpoints) },
    abort: stop.signal,
    onEvent: (event) => {
      if (event.type !== 'step') return;
      losses[event.step] = event.loss;
      if (event.step === stopAt) stop.abort();
    },
    ...options,
  });
  const weights = stateDict(model);
  model.dispose();
  return { history, weights, losses };
}

async function trainThere(checkpoints: string, starter: readonly string[], more: readonly string[]) {
  const data = ['--data', join(folder, 'images'), '--checkpoints', join(folder, checkpoints), '--workers', '0'];
  const out = ['--out', join(folder, `${checkpoints}.safetensors`)];
  const words = [...starter, join(folder, 'program', 'train.py'), ...data, ...out, ...more];
  const { stdout } = await promisify(execFile)(python, words);
  const losses: number[] = [];
  for (const [, step, loss] of stdout.matchAll(/^step (\d+): loss ([\d.]+)/gm)) losses[Number(step)] = Number(loss);
  return { stdout, losses };
}

/** L2, relative to that of all weights. */
function deviation(a: StateDict, b: StateDict): number {
  let [off, norm] = [0, 0];
  for (const [key, { data }] of a)
    for (const [i, value] of (data as Float32Array).entries()) {
      off += (value - Number(b.get(key)?.data[i])) ** 2;
      norm += value ** 2;
    }
  return Math.sqrt(off / norm);
}

const starters: Record<string, readonly string[]> = {
  'one process': [],
  'two processes of torchrun': ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2'],
};

let stayed: Awaited<ReturnType<typeof trainHere>>;
beforeAll(async () => {
  registerOnnxBackend({ threads: 2 });
  await tf.setBackend('onnx');
  if (!hasTorch) return;
  drawImages();
  const model = network();
  await writeTorch(model, join(folder, 'program'), recipe);
  model.dispose();
  stayed = await trainHere('stayed');
});

test.skipIf(!hasTorch)('six batches an epoch, and the losses of the run fall', () => {
  expect(stayed.history).toMatchObject({ step: 18, interrupted: null });
  expect(stayed.history.epochs[2]?.loss).toBeLessThan(Number(stayed.history.epochs[0]?.loss));
});

test.skipIf(!hasTorch).each(Object.entries(starters))(
  'a run leaves, is trained by %s, and comes back',
  async (name, starter) => {
    const checkpoints = name.replaceAll(' ', '-');
    await trainHere(checkpoints, {}, 4);
    const there = await trainThere(checkpoints, starter, ['--steps', '10']);
    expect(there.stdout).toContain('resumed from');
    expect(readdirSync(join(folder, checkpoints))).toContain('step-00000010');
    expect(
      there.losses.slice(5, 11).map((loss, i) => Math.abs(loss / Number(stayed.losses[5 + i]) - 1) < 1e-5),
    ).toEqual(Array(6).fill(true));
    // All that a resumed run compares is as it was: nothing has to be allowed.
    const back = await trainHere(checkpoints, { resume: true });
    expect(back.history.step).toBe(18);
    expect(deviation(stayed.weights, back.weights)).toBeLessThan(1e-5);
    for (const [i, { loss, accuracy, validation }] of stayed.history.epochs.entries()) {
      const own = back.history.epochs[i];
      expect(Math.abs(Number(own?.loss) / loss - 1)).toBeLessThan(1e-5);
      expect([own?.accuracy, own?.validation?.accuracy]).toEqual([accuracy, validation?.accuracy]);
    }
  },
);

test.skipIf(!hasTorch)('a run that begins there ends here, and the other way round', async () => {
  await trainThere('from-there', [], ['--steps', '7', '--every-steps', '2']);
  cpSync(join(folder, 'from-there'), join(folder, 'to-the-end'), { recursive: true });
  const back = await trainHere('from-there', { resume: true });
  expect(deviation(stayed.weights, back.weights)).toBeLessThan(1e-5);
  const { stdout } = await trainThere('to-the-end', [], []);
  expect(stdout).toContain('epoch 3');
  // Resumed at its end, a run gives the average of its weights.
  const ended = await trainHere('to-the-end', { resume: true });
  expect(deviation(stayed.weights, ended.weights)).toBeLessThan(1e-5);
});

test.skipIf(!hasTorch).each([
  ['SIGINT', 'one process'],
  ['SIGTERM', 'one process'],
  ['SIGTERM', 'two processes of torchrun'],
] as const)('%s ends %s after its step, with a checkpoint', async (signal, name) => {
  const checkpoints = `${signal} of ${name}`;
  const endless = ['--epochs', '100000'];
  const program = [...(starters[name] ?? []), join(folder, 'program', 'train.py'), ...endless, '--workers', '0'];
  const data = ['--data', join(folder, 'images'), '--checkpoints', join(folder, checkpoints)];
  const running = spawn(python, [...program, ...data], { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines: string[] = [];
  for await (const line of createInterface({ input: running.stdout })) {
    lines.push(line);
    if (line.startsWith('step 5:')) running.kill(signal);
  }
  const steps = lines.flatMap((line) => /^step (\d+):/.exec(line)?.[1] ?? []);
  const last = steps.at(-1) ?? '';
  expect(lines.at(-1)).toContain(`checkpoint ${join(folder, checkpoints, `step-${last.padStart(8, '0')}`)}`);
  const resumed = await trainThere(checkpoints, [], [...endless, '--steps', `${Number(last) + 1}`]);
  expect(resumed.stdout).toContain('resumed from');
  expect(resumed.losses.findIndex((loss) => loss > 0)).toBe(Number(last) + 1);
});

test.skipIf(!hasTorch)('another batch size is refused there, by name', async () => {
  await expect(trainThere('stayed', [], ['--batch-size', '3'])).rejects.toThrow(
    /is of another run: --batch-size is 3, was 6/,
  );
});

test.skipIf(!hasTorch)('test images and PCA colour noise are the same there', async () => {
  const program = join(folder, 'images-program');
  const model = resnet18({ numClasses: 3, inputShape: [64, 64, 3] });
  await writeTorch(model, program, 'resnet');
  model.dispose();
  const photo = {
    data: Uint8Array.from({ length: 90 * 70 * 3 }, (_, i) => (37 * i + (i >> 5) ** 2) % 256),
    ...{ width: 90, height: 70, channels: 3 },
  };
  writeFileSync(join(folder, 'photo.ppm'), Buffer.concat([Buffer.from('P6 90 70 255\n'), photo.data]));
  const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
import torch
from PIL import Image
from images import test_transform
from more_transforms import PCALighting
from torchvision.transforms.v2 import functional as F
photo = Image.open(sys.argv[2])
lit = F.pil_to_tensor(PCALighting(0.1).shifted(photo, torch.tensor([0.1, -0.2, 0.3])))
values = test_transform(photo).permute(1, 2, 0).flatten().tolist()
print(json.dumps([values, lit.permute(1, 2, 0).flatten().tolist()]))`;
  const { stdout } = await promisify(execFile)(python, ['-c', script, program, join(folder, 'photo.ppm')], {
    maxBuffer: 2 ** 26,
  });
  const [values, lit] = JSON.parse(stdout) as [number[], number[]];
  const scaled = { ...preprocessings.imagenet, resizeSize: 73, cropSize: 64 };
  const here = evaluationTransform(scaled)(photo).data;
  expect(values).toHaveLength(here.length);
  expect(Math.max(...values.map((value, i) => Math.abs(value - Number(here[i]))))).toBeLessThan(1e-5);
  expect(lit).toEqual([...pcaLighting().apply(photo, { alphas: [0.1, -0.2, 0.3] }).data]);
});

/** Batch norm, an auxiliary head, dropout and a dense layer after a flatten. */
function smallNetwork() {
  const x = input({ shape: [12, 12, 3] });
  const features = connect(
    x,
    conv2d({ name: 'conv1', filters: 8, kernelSize: 3, padding: 1, groups: 1 }),
    batchNorm({ name: 'bn1', activation: 'relu' }),
    maxPooling2d({ name: 'pool1', poolSize: 2 }),
    flatten({ name: 'flat' }),
    dropout({ name: 'drop', rate: 0.5 }),
  );
  const outputs = ['fc', 'aux'].map((name) => connect(features, dense({ name, units: 5 })));
  return makeModel({ inputs: x, outputs });
}

test.skipIf(!hasTorch)('steps of the Inception recipe are the same there, and a certificate says so', async () => {
  const model = smallNetwork();
  const before = stateDict(model);
  const { certificate, text } = await parity(model, 'inception', { steps: 5, batchSize: 16, python });
  expect(certificate.verdict).toBe<Verdict>('equal');
  expect(certificate.steps).toHaveLength(5);
  for (const each of Object.values(certificate.deviations)) expect(each.weights.all).toBeLessThan(1e-5);
  expect(deviation(before, stateDict(model))).toBe(0);
  expect(certificate.hashes['network.py']).toHaveLength(64);
  expect(text).toContain("| PyTorch's float32 from its float64 |");
  expect(text).toContain(`| torch | ${certificate.versions['torch']} |`);
  model.dispose();
});

test('without a Python that has torch the error says what to do, and nothing has changed or leaked', async () => {
  const model = network();
  const before = stateDict(model);
  const tensors = tf.memory().numTensors;
  const started = parity(model, recipe, { steps: 1, python: join(folder, 'no-python') });
  await expect(started).rejects.toThrow(/no-python' is no Python that can be started: install torch and safetensors/);
  // Any other program that fails is told by its words.
  await expect(parity(model, recipe, { steps: 1, python: process.execPath })).rejects.toThrow(/ended with 1: /);
  const batch = tf.tidy(() => ({ images: tf.zeros<tf.Rank.R4>([2, 3, 3, 1]), labels: tf.tensor1d([0, 1], 'int32') }));
  await expect(parity(model, recipe, { batches: [batch] })).rejects.toThrow(
    /batches\[0\].images must be \[count, 32, 32, 1\], got \[2, 3, 3, 1\]/,
  );
  tf.dispose([batch.images, batch.labels]);
  expect(deviation(before, stateDict(model))).toBe(0);
  expect(tf.memory().numTensors).toBe(tensors);
  model.dispose();
});

test('a verdict is by losses, and allows as much as float32 is off by itself', () => {
  const of = (loss: number) => ({ loss, gradientNorm: 0, weights: { all: 0, worst: 0, tensor: '' } });
  const verdict = (engineFromTorch: number, torchFromFloat64: number, engineFromFloat64: number) =>
    verdictOf({
      engineFromTorch: of(engineFromTorch),
      torchFromFloat64: of(torchFromFloat64),
      engineFromFloat64: of(engineFromFloat64),
    });
  expect(verdict(1e-5, 1e-7, 1e-5)).toBe('equal');
  expect(verdict(3e-5, 1e-5, 2e-5)).toBe('equal as far as float32 allows');
  expect(verdict(3e-5, 1e-6, 3e-5)).toBe('different');
  expect(verdict(Number.NaN, Number.NaN, Number.NaN)).toBe('different');
});
