import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { weightRole } from '../../state-dict/roles.js';
import { writeSafetensors } from '../safetensors.js';
import { readKeras } from './keras.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const expected = Object.fromEntries(
  Object.entries(
    JSON.parse(readFileSync(fixture('keras.json'), 'utf8')) as Record<string, { shape: number[]; data: number[] }>,
  ).map(([key, tensor]) => {
    const [layer = '', name = ''] = key.split('.');
    return [`${layer}.${weightRole(name)}`, tensor];
  }),
);

test.each([
  'keras-weights.h5',
  'keras1-weights.h5',
  'keras-model.h5',
  'keras-compressed.h5',
  'keras-latest.h5',
  'keras3-model.keras',
  'keras3.weights.h5',
])('%s', async (name) => {
  const bytes = new Uint8Array(readFileSync(fixture(name)));
  const reader = { size: bytes.length, read: async (offset: number, n: number) => bytes.slice(offset, offset + n) };
  for (const source of [fixture(name), bytes, reader]) {
    const dict = await readKeras(source);
    expect([...dict.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [key, { shape, data, layout }] of dict) {
      expect({ shape, data: Array.from(data as Float32Array) }, key).toEqual(expected[key]);
      expect(layout).toBe('keras');
    }
  }
});

describe('files that Keras 3.15 saved, made by make-keras-layers.py', () => {
  type Values = Record<string, { shape: number[]; data: number[] }>;
  const saved = JSON.parse(readFileSync(fixture('keras-layers.json'), 'utf8')) as Record<'layers' | 'int8', Values>;
  const byRole = (values: Values) =>
    Object.fromEntries(
      Object.entries(values).map(([key, tensor]) => {
        const [layer = '', name = ''] = key.split('.');
        return [`${layer}.${weightRole(name)}`, tensor];
      }),
    );
  const read = async (name: string) =>
    Object.fromEntries(
      [...(await readKeras(fixture(name)))].map(([key, { shape, data }]) => [
        key,
        { shape, data: Array.from(data, Number) },
      ]),
    );

  test.each(['keras-layers.keras', 'keras-layers.h5'])('%s: every variable by its role', async (name) => {
    expect(await read(name)).toEqual(byRole(saved.layers));
  });

  test('.weights.h5, which does not say that a layer is without scale: its offset has the first role', async () => {
    const { 'gn.bias': offset, ...others } = byRole(saved.layers);
    expect(await read('keras-layers.weights.h5')).toEqual({ ...others, 'gn.weight': offset });
  });

  test('int8: the float32 that the codes stand for', async () => {
    const found = await read('keras-int8.keras');
    const expected = byRole(saved.int8);
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [key, { shape, data }] of Object.entries(expected)) {
      expect(found[key]?.shape, key).toEqual(shape);
      for (const [i, value] of data.entries()) expect(found[key]?.data[i], key).toBeCloseTo(value, 6);
    }
  });
});

test.each([
  ['keras-layouts.h5', 21, 9],
  ['keras-layouts-latest.h5', 71, 11],
  ['keras-layouts-small.h5', 21, 9],
] as const)('%s, whatever the layout', async (name, layerCount, kernelCount) => {
  const dict = await readKeras(fixture(name));
  const layers = new Set([...dict.keys()].map((key) => key.split('.')[0]));
  expect([layers.size, dict.size]).toEqual([layerCount, layerCount + kernelCount]);
  for (const [n, layer] of [...layers].entries()) {
    expect([...(dict.get(`${layer}.bias`)?.data ?? [])], layer).toEqual([1000 * n + 1, 1000 * n + 2]);
    const kernel = dict.get(`${layer}.weight`);
    if (kernel === undefined) continue;
    const count = kernel.shape.reduce((product, size) => product * size, 1);
    expect([...kernel.data], layer).toEqual(Array.from({ length: count }, (_, i) => 1000 * n + i));
  }
});

test.each(['keras-unwritten.h5', 'keras-unwritten-latest.h5'])(
  '%s, where nothing was written stands the fill value',
  async (name) => {
    const dict = await readKeras(fixture(name));
    const layers = new Set([...dict.keys()].map((key) => key.split('.')[0] ?? ''));
    expect(layers.size).toBe(10);
    for (const layer of layers) {
      const [fill] = dict.get(`${layer}.bias`)?.data ?? [];
      const written = (row: number, column: number) => layer.endsWith('_part') && row < 3 && column < 2;
      const expected = Array.from({ length: 35 }, (_, i) => {
        const [row, column] = [Math.floor(i / 5), i % 5];
        return written(row, column) ? 1 + 2 * row + column : fill;
      });
      expect([...(dict.get(`${layer}.weight`)?.data ?? [])], layer).toEqual(expected);
    }
  },
);

test.each(['keras-growing.h5', 'keras-growing-latest.h5'])(
  '%s, in both byte orders, packed by lzf and able to grow',
  async (name) => {
    const dict = await readKeras(fixture(name));
    expect(dict.size).toBe(16);
    for (const [n, [key, { shape, data }]] of [...dict].entries()) {
      const first = key === 'unwritten_rows.weight' ? 400 : 0;
      const count = shape.reduce((product, size) => product * size, 1);
      expect([...data], key).toEqual(Array.from({ length: count }, (_, i) => (i < first ? -1 : 1000 * n + i)));
    }
  },
);

test('its layout is not written as PyTorch’s', async () => {
  const dict = await readKeras(fixture('keras-weights.h5'));
  expect(() => writeSafetensors(dict)).toThrow("keras's layout");
});

test.each([
  'keras-weights.h5',
  'keras-compressed.h5',
  'keras-latest.h5',
  'keras-layouts-small.h5',
  'keras-growing-latest.h5',
  'keras3-model.keras',
])('%s, truncated anywhere', async (name) => {
  const bytes = new Uint8Array(readFileSync(fixture(name)));
  for (let length = 0; length < bytes.length; length += 97)
    await expect(readKeras(bytes.subarray(0, length))).rejects.toThrow(Error);
});

test.each([
  ['nothing', new Uint8Array(0), 'this is empty'],
  ['an image', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), 'signature is missing'],
  ['an HTML page', new TextEncoder().encode('<html>'.repeat(400)), 'a web page and not the file'],
])('%s', async (_, bytes, message) => {
  await expect(readKeras(bytes)).rejects.toThrow(message);
});

test('another zip archive', async () => {
  await expect(readKeras(fixture('torch-zip.pth'))).rejects.toThrow('without model.weights.h5');
});
