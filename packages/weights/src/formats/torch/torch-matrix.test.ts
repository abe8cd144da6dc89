/**
 * Save style by pickle protocol by kind of tensor, equal to what PyTorch reads back: files and figures are from fixtures/make-torch-matrix.py.
 * CNNZOO_TORCH_MATRIX names the folder of another PyTorch's.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readTorch } from './torch.js';

const folder =
  process.env['CNNZOO_TORCH_MATRIX'] ?? fileURLToPath(new URL('../../fixtures/torch-matrix', import.meta.url));
const { files, torch } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  torch: string;
  files: Record<string, Record<string, { shape: number[]; values: (number | string)[] }>>;
};

describe(`PyTorch ${torch}`, () => {
  test.each(Object.entries(files))('%s', async (file, tensors) => {
    for (const source of [join(folder, file), readFileSync(join(folder, file))]) {
      const dict = await readTorch(source);
      expect([...dict.keys()]).toEqual(Object.keys(tensors));
      for (const [name, { shape, values }] of Object.entries(tensors)) {
        const tensor = dict.get(name);
        expect(tensor?.shape, name).toEqual(shape);
        const found = Array.from<number | bigint, unknown>(tensor?.data ?? [], (value) =>
          typeof value === 'bigint' ? String(value) : value,
        );
        expect(found, name).toEqual(values);
      }
    }
  });
});
