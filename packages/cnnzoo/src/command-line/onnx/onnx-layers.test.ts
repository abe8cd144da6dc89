import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeOnnx } from '@cnnzoo/backend-onnx';
import { quantize } from '@cnnzoo/quantize';
import { summarize } from '@cnnzoo/shape';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, expect, test } from 'vitest';
import { createModel } from '../../networks/create-model.js';
import { readOnnxLayers } from './onnx-layers.js';

const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(
  (['lenet5', 'alexnet_paper', 'resnet18', 'googlenet', 'inception_v3', 'cifar_preact_resnet164'] as const).flatMap(
    (id) => (['NHWC', 'NCHW'] as const).map((layout) => ({ id, layout })),
  ),
)('$id as ONNX in $layout has the multiply-accumulates of the network', async ({ id, layout }) => {
  const model = createModel(id, { initialWeights: 'zeros' });
  const file = join(folder, `${id}-${layout}.onnx`);
  await writeOnnx(model, file, { layout });
  const { layers, inputShape } = await readOnnxLayers(file);
  const expected = summarize(model);
  const found = summarize(layers, { inputShape });
  expect(found.inputShape).toEqual(expected.inputShape);
  expect(found.macs).toBe(expected.macs);
  // Batch norm is folded: two numbers a channel become one bias.
  expect(found.params).toBeLessThanOrEqual(expected.params);
  expect(found.params).toBeGreaterThan(0.99 * expected.params);
  model.dispose();
});

test('of 8-bit integers, and of half floats, it is the same network', async () => {
  const model = createModel('cifar_resnet20', { initialWeights: 'zeros' });
  const images = new Float32Array(32 * 32 * 3).fill(1);
  await (await quantize(model, [images])).save(join(folder, 'int8.onnx'));
  await writeOnnx(model, join(folder, 'float16.onnx'), { weights: 'float16' });
  const expected = summarize(model);
  for (const name of ['int8.onnx', 'float16.onnx']) {
    const { layers, inputShape } = await readOnnxLayers(join(folder, name));
    const found = summarize(layers, { inputShape });
    expect(found.macs).toBe(expected.macs);
    expect(found.params).toBeGreaterThan(0.99 * expected.params);
  }
  model.dispose();
});

test.each([
  ['nothing', ''],
  ['text', 'this is no model'],
])('a file of %s is refused by its name', async (_, content) => {
  const file = join(folder, 'broken.onnx');
  writeFileSync(file, content);
  await expect(readOnnxLayers(file)).rejects.toThrow(/broken\.onnx: no ONNX model/);
});
