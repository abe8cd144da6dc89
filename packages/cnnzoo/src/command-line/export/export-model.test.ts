import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromFloat16, toFloat16 } from '@cnnzoo/files';
import { quantize } from '@cnnzoo/quantize';
import { readTorch, stateDict } from '@cnnzoo/weights';
import '@tensorflow/tfjs-backend-cpu';
import { writeMetadata } from '@cnnzoo/metadata';
import { encodeModelProto } from '@cnnzoo/onnx-format';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createModel } from '../../networks/create-model.js';
import { fromPretrained } from '../../networks/from-pretrained.js';
import { convertWeights } from './convert-weights.js';
import { writeModel } from './export-model.js';
import { writeOnnxFile } from './export-onnx-file.js';
import { torchFile } from './torch-file.js';

const folder = mkdtempSync(join(tmpdir(), 'export-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const model = createModel('lenet5', { numClasses: 2, seed: 1 });
writeMetadata(model, { categories: ['cat', 'dog'] });

/** The numbers of a state dict, which may be read from a file at each access. */
const numbers = (dict: ReturnType<typeof stateDict>) =>
  [...dict].map(([name, { shape, data }]) => [name, shape, Array.from(data as Float32Array)] as const);

const options = { format: undefined, onnx: {} };
const through = { network: 'lenet5', classes: 2 };
const unchanged = { network: undefined, classes: undefined };

test('what is written in one format is the same after all others', async () => {
  await writeModel(model, at('a.safetensors'), options);
  await convertWeights(at('a.safetensors'), at('b.pth'), unchanged);
  // The head says how many classes there are.
  await convertWeights(at('b.pth'), at('c'), { network: 'lenet5', classes: undefined });
  await convertWeights(at('c'), at('e.pt'), through);
  expect(numbers(await readTorch(at('e.pt')))).toEqual(numbers(stateDict(model)));
});

test('an ONNX file gives its weights by the names in it, and others do not fit a network', async () => {
  await convertWeights(at('a.safetensors'), at('d.onnx'), through);
  const { tensors, numbers: count } = await convertWeights(at('d.onnx'), at('d.safetensors'), unchanged);
  expect({ tensors, count }).toEqual({ tensors: 10, count: model.countParams() });
  await expect(convertWeights(at('d.onnx'), at('d.pt'), through)).rejects.toThrow(/conv1\.weight/);
});

test.each([
  ['PyTorch’s names', (name: string) => name, 1],
  [
    'names of another exporter',
    (name: string) => `gpu_0/${name.replace('.weight', '_w_0').replace('.bias', '_b_0')}`,
    1,
  ],
  ['dense layers by columns', (name: string) => `x${name}`, 0],
])('an ONNX file with %s gives a network its weights', async (_, rename, transB) => {
  const dict = stateDict(model);
  const initializer = [...dict].map(([name, { shape, data }]) => {
    const isTurned = transB === 0 && shape.length === 2;
    const [rows = 0, columns = 0] = shape;
    const floats = data as Float32Array;
    const values = isTurned
      ? floats.map((__, k) => floats[(k % rows) * columns + Math.floor(k / rows)] ?? Number.NaN)
      : floats;
    return {
      name: rename(name),
      dims: isTurned ? [columns, rows] : shape,
      dataType: 1,
      rawData: new Uint8Array(values.slice().buffer),
    };
  });
  const layers = [...new Set([...dict.keys()].map((name) => name.replace(/\.\w+$/, '')))];
  const node = layers.map((layer, i) => ({
    input: [`v${i}`, rename(`${layer}.weight`), rename(`${layer}.bias`)],
    output: [`v${i + 1}`],
    opType: layer.startsWith('conv') ? 'Conv' : 'Gemm',
    attribute: layer.startsWith('conv') ? [] : [{ name: 'transB', type: 2, i: transB }],
  }));
  // PyTorch's exporter writes equal weights once.
  const [first, second] = ['conv1.bias', 'shared'].map(rename) as [string, string];
  const kept = initializer.map((tensor) => (tensor.name === first ? { ...tensor, name: second } : tensor));
  const alias = { opType: 'Identity', input: [second], output: [first] };
  const graph = { node: [alias, ...node], initializer: kept };
  const bytes = encodeModelProto({ irVersion: 8, opsetImport: [{ version: 17 }], graph });
  writeFileSync(at('theirs.onnx'), bytes);
  await convertWeights(at('theirs.onnx'), at('theirs.pth'), through);
  expect(numbers(await readTorch(at('theirs.pth')))).toEqual(numbers(dict));
  const loaded = await fromPretrained('lenet5', { weights: at('theirs.onnx'), numClasses: 2 });
  expect(numbers(stateDict(loaded))).toEqual(numbers(dict));
  loaded.dispose();
});

test('weights of two bytes are half the size, and come back rounded', async () => {
  await writeModel(model, at('h.safetensors'), { ...options, float16: true });
  await writeModel(model, at('h.onnx'), { ...options, float16: true });
  const bytes = 4 * model.countParams();
  for (const name of ['h.safetensors', 'h.onnx']) expect(readFileSync(at(name)).length).toBeLessThan(0.6 * bytes);
  // The vectors are biases, which are not rounded.
  const exact = numbers(stateDict(model)).flatMap(([, shape, values]) =>
    values.map((value) => (shape.length > 1 ? fromFloat16(toFloat16(Float32Array.of(value)))[0] : value)),
  );
  const inOrder = (values: readonly unknown[]) => [...values].sort((a, b) => Number(a) - Number(b));
  for (const name of ['h.safetensors', 'h.onnx']) {
    await convertWeights(at(name), at('i.pth'), unchanged);
    const found = numbers(await readTorch(at('i.pth'))).flatMap(([, , values]) => values);
    expect(inOrder(found)).toEqual(inOrder(exact));
  }
  await expect(writeModel(model, at('h.pth'), { ...options, float16: true })).rejects.toThrow(/--float16 is for/);
});

test('formats that hold a network want its name', async () => {
  await writeModel(model, at('f.safetensors'), options);
  await expect(convertWeights(at('f.safetensors'), at('f.onnx'), unchanged)).rejects.toThrow(
    /say which one with --network/,
  );
  await writeModel(model, at('g'), options);
  await expect(convertWeights(at('g'), at('g.pth'), unchanged)).rejects.toThrow(/Keras's names/);
  await expect(convertWeights(at('missing.pth'), at('g.pth'), unchanged)).rejects.toThrow(/there is no file/);
  await expect(convertWeights(at('f.safetensors'), at('no/x.pth'), unchanged)).rejects.toThrow(/there is no folder/);
});

test('a PyTorch module comes with its weights', async () => {
  const { files, format } = await writeModel(model, at('torch'), { format: 'python', onnx: {} });
  expect(format).toBe('python');
  expect(files.map(({ path }) => path).sort()).toEqual(
    ['network.py', 'weights.safetensors'].map((name) => at(`torch/${name}`)),
  );
  expect(readFileSync(at('torch/network.py'), 'utf8')).toContain('nn.Linear(84, 2)');
});

test('a repository of Triton has the model, its inputs and outputs, and the names of the classes', async () => {
  const { files, inputs, outputs, opset } = await writeModel(model, at('models'), { format: 'triton', onnx: {} });
  expect(files.map(({ path }) => path)).toEqual(
    ['1/model.onnx', 'config.pbtxt', 'labels.txt'].map((name) => at(`models/lenet5/${name}`)),
  );
  expect({ inputs, outputs, opset }).toEqual({
    opset: 17,
    inputs: [{ name: 'input', type: 'uint8', shape: [-1, 32, 32, 1] }],
    outputs: [{ name: 'fc3', type: 'float32', shape: [-1, 2] }],
  });
  expect(readFileSync(at('models/lenet5/labels.txt'), 'utf8')).toBe('cat\ndog\n');
  const config = readFileSync(at('models/lenet5/config.pbtxt'), 'utf8');
  expect(config).toMatch(/^name: "lenet5"\nbackend: "onnxruntime"\nmax_batch_size: 64\n/);
  expect(config).toContain('dims: [ 32, 32, 1 ]');
  expect(config).toContain('label_filename: "labels.txt"');
});

test('drawn state dicts come back from a PyTorch file as they were', async () => {
  const tensor = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }).chain((shape) =>
    fc
      .array(fc.float({ noNaN: true }), {
        minLength: shape.reduce((product, size) => product * size, 1),
        maxLength: shape.reduce((product, size) => product * size, 1),
      })
      .map((values) => ({ shape, dtype: 'F32' as const, data: Float32Array.from(values) })),
  );
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, tensor), { minLength: 1, maxLength: 5 }), async (entries) => {
      const dict = new Map(entries);
      expect(numbers(await readTorch(torchFile(dict)))).toEqual(numbers(dict));
    }),
    { numRuns: 50 },
  );
});

test('a quantized file becomes a repository of Triton as it is', async () => {
  const file = at('int8.onnx');
  await (await quantize(model, [new Float32Array(2 * 32 * 32).fill(1)])).save(file);
  const { files, inputs } = await writeOnnxFile(file, at('models'));
  expect(files.map(({ path }) => path)).toEqual(
    ['1/model.onnx', 'config.pbtxt', 'labels.txt'].map((name) => at(`models/int8/${name}`)),
  );
  expect(readFileSync(at('models/int8/1/model.onnx'))).toEqual(readFileSync(file));
  expect(inputs).toEqual([{ name: 'input', type: 'float32', shape: [-1, 32, 32, 1] }]);
  expect(readFileSync(at('models/int8/labels.txt'), 'utf8')).toBe('cat\ndog\n');
  await expect(convertWeights(file, at('int8.pth'), unchanged)).rejects.toThrow(/int8\.onnx is quantized/);
});
