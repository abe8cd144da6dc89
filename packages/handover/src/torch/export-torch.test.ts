import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  adaptiveAveragePooling2d,
  averagePooling2d,
  batchNorm,
  concatenate,
  connect,
  conv2d,
  dense,
  dropout,
  elu,
  flatten,
  highwayBlock,
  localResponseNormalization,
  maxout,
  maxPooling2d,
  prelu,
  relu,
  spatialPyramidPooling,
  squeezeAndExcitation,
  tanh,
  zeroPaddedShortcut,
} from '@cnnzoo/blocks';
import { arrayDataset, type Dataset, split } from '@cnnzoo/data';
import { lenet5 } from '@cnnzoo/lenet';
import { cifarResnet } from '@cnnzoo/resnet';
import { type Recipe, recipeOptions, recipes } from '@cnnzoo/train';
import { randomGenerator } from '@cnnzoo/transforms';
import { stateDict, writeSafetensors } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model as makeModel } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { exportTorch, writeTorch } from './export-torch.js';
import { readPythonFile } from './python-files.js';
import { recipeProgram } from './recipe-program.js';

const folder = mkdtempSync(join(tmpdir(), 'export-torch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const python = process.env['CNNZOO_PYTHON'] ?? 'python3';
const hasTorch = (() => {
  try {
    execFileSync(python, ['-c', 'import torch, safetensors'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: no Python with torch and safetensors, name one with CNNZOO_PYTHON');
    return false;
  }
})();

/** Every layer that is known, in windows of all kinds. */
function everyLayer() {
  const x = input({ shape: [23, 19, 3] });
  const stem = connect(
    x,
    conv2d({ name: 'stem.0.conv', filters: 8, kernelSize: [5, 3], stride: 2, padding: 'same' }),
    batchNorm({ name: 'stem.0.bn', epsilon: 1e-3, activation: 'relu' }),
    localResponseNormalization({ name: 'norm' }),
    maxPooling2d({ name: 'pool', poolSize: 3, stride: 2, padding: 1, ceilMode: true }),
    conv2d({
      name: 'grouped',
      filters: 8,
      kernelSize: 3,
      padding: [2, 1],
      dilation: [2, 1],
      groups: 4,
      useBias: false,
    }),
  );
  const pooled = connect(stem, averagePooling2d({ poolSize: 3, stride: 1, padding: 1, countIncludePad: false }));
  const widened = connect(stem, zeroPaddedShortcut({ filters: 11 }));
  const gated = highwayBlock(squeezeAndExcitation(widened, { name: 'se', reduction: 4 }), { name: 'highway' });
  const bent = connect(gated, elu(), conv2d({ name: 'even', filters: 22, kernelSize: 2, padding: 'same' }));
  const wide = connect(bent, maxout({ pieces: 2 }), prelu({ name: 'prelu' }));
  const joined = connect(concatenate([pooled, wide]), relu(), dropout({ name: 'drop', rate: 0.3 }));
  const main = connect(
    joined,
    adaptiveAveragePooling2d({ name: 'avg', outputSize: [2, 3] }),
    flatten(),
    dense({ name: '1.fc', units: 4 }),
  );
  const pyramid = connect(joined, spatialPyramidPooling({ levels: [3, 1] }));
  const head = connect(pyramid, tanh(), dense({ name: 'aux', units: 4, useBias: false }));
  return makeModel({ inputs: x, outputs: [main, head] });
}

const hasPython = (() => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: there is no python3');
    return false;
  }
})();

/** The modules of a program, in a Python that need not have PyTorch: what is tested here does not call it. */
const withoutTorch = `
import json, sys, types
for name in ("torch", "torch.nn", "torch.nn.functional", "torch.utils", "torch.utils.data", "rmsprop_tf"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["torch.utils.data"].DistributedSampler = object
sys.modules["rmsprop_tf"].RMSpropTF = None
given = json.load(sys.stdin)
`;

function inPython(script: string, given: unknown): unknown {
  const output = execFileSync('python3', ['-c', `${withoutTorch}${script}`], { input: JSON.stringify(given) });
  return JSON.parse(output.toString());
}

const score = (loss: number, accuracy: number) => ({ loss, accuracy, metrics: {} });

test.skipIf(!hasPython)('schedules give the same factors in Python', async () => {
  const plain: Recipe = recipes['resnet-cifar'];
  const own: readonly Partial<Recipe>[] = [
    ...Object.values(recipes),
    { schedule: { name: 'cosineDecay', end: 0.1, unit: 'epoch' }, warmUp: { duration: 2, start: 0.2, delay: true } },
    { schedule: { name: 'polynomialDecay', power: 2, end: 0.05 }, warmUp: { duration: 7, unit: 'step', delay: true } },
    { schedule: { name: 'reduceOnPlateau', patience: 1, cooldown: 2, threshold: 0.01, smallest: 1e-3 } },
    { schedule: { name: 'stepDecay', every: 3, factor: 0.5, unit: 'step' }, warmUp: { duration: 0.5 } },
  ];
  const model = lenet5();
  const figures = Array.from({ length: 9 }, (_, i) => Math.abs(Math.sin(3 * i)));
  const positions = Array.from({ length: 10 }, (_, epoch) => ({
    step: 5 * epoch + (epoch % 4),
    epoch,
    totalSteps: 50,
    totalEpochs: 10,
    history: figures.slice(0, epoch).map((figure, i) => ({
      ...{ epoch: i, step: 5 * i, learningRate: 1, seconds: 1, ...score(figure, 1 - figure) },
      ...(epoch % 2 === 0 && { validation: score(1 - figure, figure) }),
    })),
  }));
  const expected = own.map((recipe) => {
    const { schedule, auxiliarySchedule } = recipeOptions({ ...plain, warmUp: undefined, ...recipe } as Recipe);
    return [schedule, auxiliarySchedule].flatMap((each) => positions.map((position) => each?.(position) ?? 1));
  });
  const programs = own.map(
    (recipe) => recipeProgram(model, { ...plain, warmUp: undefined, ...recipe } as Recipe, 'x').text,
  );
  const script = `
def factors(text):
    scope = {}
    exec(text, scope)
    keys = ["step", "epoch", "totalSteps", "totalEpochs", "history"]
    return [scope[name](*(p[key] for key in keys)) for name in ("schedule", "auxiliary_schedule") for p in given["positions"]]
print(json.dumps([factors(text) for text in given["programs"]]))`;
  const actual = inPython(script, { programs, positions }) as number[][];
  expect(actual).toHaveLength(expected.length);
  for (const [i, factors] of expected.entries())
    for (const [j, factor] of factors.entries()) expect(actual[i]?.[j]).toBeCloseTo(Number(factor), 12);
  model.dispose();
});

test.skipIf(!hasPython)('images come in the same order in Python, and the same are set aside', async () => {
  const streams = fc.sample(fc.tuple(fc.nat(60), fc.maxSafeNat(), fc.nat(1e6)), { numRuns: 40, seed: 1 });
  const labels = Array.from({ length: 57 }, (_, i) => (i * i) % 3);
  const data = new Uint8Array(57);
  const dataset = arrayDataset({
    ...{ data: data.map((_, i) => i), labels: Int32Array.from(labels), width: 1, height: 1, channels: 1 as const },
    categories: ['a', 'b', 'c'],
  });
  const parts = await split(dataset, { training: 0.9, validation: 0.1 }, { seed: 5 });
  const pixels = ({ length, get }: Dataset) =>
    Promise.all(Array.from({ length }, async (_, i) => Number((await get(i)).image.data[0])));
  const order = await readPythonFile('order.py');
  const script = `
scope = {}
exec(given["order"], scope)
orders = [scope["permutation"](*stream) for stream in given["streams"]]
print(json.dumps([orders, scope["split"](given["labels"], 3, 0.1, 5)]))`;
  expect(inPython(script, { order, streams, labels })).toEqual([
    streams.map(([count, ...stream]) => [...randomGenerator(...(stream as [number, number])).permutation(count)]),
    [await pixels(parts.training), await pixels(parts.validation)],
  ]);
});

const script = `
import sys, torch
sys.path.insert(0, sys.argv[1])
from network import Network
from safetensors.torch import load_file, save_file
network = Network()
network.load_state_dict(load_file(sys.argv[1] + "/weights.safetensors"), strict=True)
images = load_file(sys.argv[1] + "/images.safetensors")["images"].permute(0, 3, 1, 2)
assert len(network(images)) == 2
network.load_state_dict(load_file(sys.argv[1] + "/weights.safetensors"))
with torch.no_grad():
    print(network.eval()(images).flatten().tolist())
`;

test.skipIf(!hasTorch)('PyTorch loads the weights strictly and gives the same logits', async () => {
  const model = everyLayer();
  await writeTorch(model, folder);
  const images = tf.randomUniform([2, 23, 19, 3], -1, 1, 'float32', 3);
  const data = await images.data<'float32'>();
  writeFileSync(
    join(folder, 'images.safetensors'),
    writeSafetensors(new Map([['images', { shape: images.shape, dtype: 'F32', data }]])),
  );
  const { stdout } = await promisify(execFile)(python, ['-c', script, folder]);
  const [main] = model.predict(images) as tf.Tensor[];
  const expected = [...((await main?.data()) ?? [])];
  const actual = JSON.parse(stdout) as number[];
  const largest = Math.max(...expected.map(Math.abs));
  expect(actual).toHaveLength(expected.length);
  for (const [i, logit] of expected.entries()) expect(Math.abs((actual[i] ?? 0) - logit) / largest).toBeLessThan(1e-4);
});

test('modules have the layers’ names, which are the keys of the weights', async () => {
  const model = lenet5();
  const { 'network.py': program } = await exportTorch(model);
  const placed = [...program.matchAll(/self\.place\("([^"]+)"/g)].map(([, name = '']) => name);
  const keys = new Set([...stateDict(model).keys()].map((key) => key.replace(/\.\w+$/, '')));
  expect(placed.filter((name) => keys.has(name))).toEqual([...keys]);
  expect(program).toContain('self.place("conv1", nn.Conv2d(1, 6, 5');
});

test('a layer that PyTorch does not have here is named', async () => {
  const x = input({ shape: [8, 8, 3] });
  const y = layers.upSampling2d({ name: 'larger' }).apply(x) as typeof x;
  await expect(exportTorch(makeModel({ inputs: x, outputs: y }))).rejects.toThrow(
    /layer 'larger' \(UpSampling2D\) has no form in PyTorch here/,
  );
});

test('a recipe adds the program that trains, with what the recipe needs', async () => {
  const model = cifarResnet({ depth: 20 });
  const program = await exportTorch(model, recipes['resnet-cifar-110']);
  expect(Object.keys(program).sort()).toEqual([
    ...['checkpoint.py', 'image_folders.py', 'images.py', 'network.py', 'order.py', 'recipe.py'],
    ...['requirements.txt', 'train.py', 'trainjob.yaml', 'weights.safetensors'],
  ]);
  expect(program['recipe.py']).toContain('torch.optim.SGD(network.parameters(), lr=LEARNING_RATE, momentum=0.9');
  expect(program['images.py']).toContain(
    'v2.Pad(4),\n        v2.RandomCrop(32),\n        v2.RandomHorizontalFlip(0.5)',
  );
  expect(program['trainjob.yaml']).toContain('name: cifar-resnet20\n');
  const inception = await exportTorch(model, 'inception');
  expect(Object.keys(inception)).toContain('rmsprop_tf.py');
  expect(inception['recipe.py']).toContain('"weight_decay": 0.0');
  const dsn = await exportTorch(model, 'dsn-cifar');
  expect(dsn['recipe.py']).toContain('losses = [squared_hinge(head, labels) for head in heads]');
  const alexnet = await exportTorch(model, 'alexnet');
  expect(alexnet['images.py']).toContain('from more_transforms import PCALighting');
  expect(Object.keys(alexnet)).toContain('more_transforms.py');
  await expect(exportTorch(model, 'resnet-cfar' as 'resnet')).rejects.toThrow(/did you mean 'resnet-cifar'/);
  model.layers.slice(0, 2).forEach((layer) => {
    layer.trainable = false;
  });
  await expect(exportTorch(model, 'resnet')).rejects.toThrow(/layer 'conv1' is frozen/);
});

test('a network that does not say how its images are prepared is refused with a recipe', async () => {
  const x = input({ shape: [8, 8, 3] });
  const y = connect(x, flatten(), dense({ name: 'fc', units: 2 }));
  await expect(exportTorch(makeModel({ inputs: x, outputs: y }), 'resnet')).rejects.toThrow(
    /how its images are prepared/,
  );
});
