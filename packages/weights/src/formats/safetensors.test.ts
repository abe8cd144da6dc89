import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromFloat16, toFloat16 } from '@cnnzoo/files';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { StateDict } from '../state-dict/state-dict.js';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from './safetensors.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with this header and body, well-formed or not. */
function file(header: string | object, body = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

describe('reading what the reference library wrote', () => {
  test('every dtype, half and 8-bit floats widened', async () => {
    const dict = await readSafetensors(fixture('every-dtype.safetensors'));
    const values = (name: string) => dict.get(name)?.data;
    expect(values('bool')).toEqual(Uint8Array.of(0, 1));
    expect(values('int8')).toEqual(Int8Array.of(0, 1, -1));
    expect(values('int16')).toEqual(Int16Array.of(-2, 3));
    expect(values('uint16')).toEqual(Uint16Array.of(65535, 3));
    expect(values('float16')).toEqual(Float32Array.of(1.5, -0, 65504, 2 ** -24, Infinity, NaN));
    expect(values('bfloat16')).toEqual(Float32Array.of(1, -2, Infinity, 2 ** -133));
    expect(values('int32')).toEqual(Int32Array.of(-2, 3));
    expect(values('uint32')).toEqual(Uint32Array.of(2 ** 32 - 1));
    expect(dict.get('float32')).toMatchObject({ dtype: 'F32', shape: [2, 1] });
    expect(values('float32')).toEqual(Float32Array.of(0.5, -1e30));
    expect(values('complex64')).toEqual(Float32Array.of(1, 2));
    expect(dict.get('float64')?.shape).toEqual([]);
    expect(values('float64')).toEqual(Float64Array.of(1 / 3));
    expect(values('int64')).toEqual(BigInt64Array.of(-(2n ** 60n)));
    expect(values('uint64')).toEqual(BigUint64Array.of(2n ** 64n - 1n));
    expect(values('float4_e2m1fn_x2')).toEqual(Uint8Array.of(0x12, 0x34));
    expect(dict.get('float16')?.dtype).toBe('F32');
  });

  // Values from ml_dtypes 0.5, which PyTorch and TensorFlow share.
  test.each([
    ['float8_e5m2', [0x3c, 1], [0x7b, 57344], [0x7c, Infinity], [0x7d, NaN], [0x01, 2 ** -16], [0x80, -0]],
    ['float8_e4m3fn', [0x38, 1], [0x7e, 448], [0x7f, NaN], [0xff, NaN], [0x01, 2 ** -9], [0xb8, -1]],
    ['float8_e8m0fnu', [127, 1], [0, 2 ** -127], [254, 2 ** 127], [255, NaN]],
    ['float8_e4m3fnuz', [0x40, 1], [0x7f, 240], [0x80, NaN], [0x01, 2 ** -10], [0xc0, -1]],
    ['float8_e5m2fnuz', [0x40, 1], [0x7f, 57344], [0x80, NaN], [0x01, 2 ** -17], [0xc0, -1]],
  ] satisfies [string, ...number[][]][])('%s', async (name: string, ...cases: number[][]) => {
    const data = (await readSafetensors(fixture('every-dtype.safetensors'))).get(name)?.data;
    for (const [code = 0, value] of cases) expect(data?.[code], `code ${code}`).toBe(value);
  });

  test('from a path, from bytes at any alignment, from a reader: the same', async () => {
    const path = fixture('names.safetensors');
    const plain = (dict: StateDict) =>
      [...dict].map(([name, { shape, dtype, data }]) => ({ name, shape, dtype, data }));
    const expected = plain(await readSafetensors(path));
    expect(expected.map(({ name }) => name)).toContain('😀');
    const bytes = readFileSync(path);
    for (let shift = 0; shift < 8; shift++) {
      const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
      shifted.set(bytes);
      expect(plain(await readSafetensors(shifted))).toEqual(expected);
    }
    const reader = {
      size: bytes.length,
      read: async (offset: number, n: number) => bytes.subarray(offset, offset + n),
    };
    expect(plain(await readSafetensors(reader))).toEqual(expected);
    expect(await readSafetensorsMetadata(path)).toEqual({ format: 'pt' });
  });

  test('part of a tensor of a file', async () => {
    const tensor = (await readSafetensors(fixture('names.safetensors'))).get('b');
    expect(tensor?.slice?.(1, 2)).toEqual(Float32Array.of(2));
    expect(() => tensor?.slice?.(1, 3)).toThrow('slice(1, 3)');
  });

  test('a file that changed after it was read is an error', async () => {
    const path = join(folder, 'changes.safetensors');
    writeFileSync(path, writeSafetensors(new Map([['a', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]])));
    const tensor = (await readSafetensors(path)).get('a');
    expect(tensor?.data).toEqual(Float32Array.of(1));
    utimesSync(path, new Date(), new Date(0));
    expect(() => tensor?.data).toThrow('has changed');
  });
});

describe('writing', () => {
  test('byte for byte what the reference library writes', async () => {
    const bytes = new Uint8Array(readFileSync(fixture('names.safetensors')));
    const dict = await readSafetensors(bytes);
    expect(writeSafetensors(dict, { format: 'pt' })).toEqual(bytes);
    expect(writeSafetensors(new Map([...dict].reverse()), { format: 'pt' })).toEqual(bytes);
  });

  test('round trip of any names and shapes', async () => {
    const tensor = fc
      .array(fc.nat(3), { maxLength: 4 })
      .chain((shape) =>
        fc
          .float32Array({ minLength: shape.reduce((a, b) => a * b, 1), maxLength: shape.reduce((a, b) => a * b, 1) })
          .map((data) => ({ dtype: 'F32' as const, shape, data })),
      );
    const name = fc
      .string({ unit: 'binary' })
      .filter((text) => text !== '__metadata__' && !/\p{Surrogate}/u.test(text));
    const dicts = fc.array(fc.tuple(name, tensor)).map((entries) => new Map(entries));
    await fc.assert(
      fc.asyncProperty(dicts, async (dict) => {
        const read = await readSafetensors(writeSafetensors(dict));
        const found = [...read].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data }] as const);
        expect(new Map(found.sort())).toEqual(new Map([...dict].sort()));
      }),
      { numRuns: 200 },
    );
  });

  test('rounds to half floats where that is their dtype', async () => {
    const data = Float32Array.of(1 / 3, -65504, 3e-8, Number.POSITIVE_INFINITY);
    const bytes = writeSafetensors(new Map([['a', { dtype: 'F16', shape: [4], data }]]));
    expect([...bytes.subarray(-8)]).toEqual([0x55, 0x35, 0xff, 0xfb, 1, 0, 0, 0x7c]);
    const read = (await readSafetensors(bytes)).get('a');
    expect(read).toMatchObject({ dtype: 'F32', data: fromFloat16(toFloat16(data)) });
  });

  test.each([
    [{ dtype: 'F32', shape: [2], data: Float32Array.of(1) }, 'takes 8'],
    [{ dtype: 'BF16', shape: [1], data: Float32Array.of(1) }, 'read only'],
    [{ dtype: 'F16', shape: [1], data: Uint16Array.of(1) }, 'Float32Array'],
    [{ dtype: 'F16', shape: [2], data: Float32Array.of(1) }, 'takes 4'],
    [{ dtype: 'F16', shape: [2], data: Float32Array.of(1, -65520) }, 'has -65520'],
    [{ dtype: 'F32', shape: [1], data: Float32Array.of(1), layout: 'keras' }, "keras's layout"],
  ] as const)('refuses %o', (tensor, message) => {
    expect(() => writeSafetensors(new Map([['a', tensor]]))).toThrow(message);
  });
});

describe('bad files', () => {
  const a = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  test.each([
    ['empty', new Uint8Array(0), 'too few'],
    ['seven bytes', new Uint8Array(7), 'too few'],
    ['a header longer than the file', file('{}').subarray(0, 9), 'truncated'],
    ['a header of 2^64 - 1 bytes', new Uint8Array(64).fill(255), 'truncated'],
    ['no JSON', file('{'), 'not JSON'],
    ['no UTF-8', file('{}').fill(0xff, 8), 'not JSON'],
    ['an array', file('[]'), 'not a JSON object'],
    ['duplicate names', file(`{"a":${JSON.stringify(a)},"\\u0061":${JSON.stringify(a)}}`, 8), "'a' twice"],
    [
      'duplicate fields',
      file('{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}', 8),
      "'shape' twice",
    ],
    ['an unknown dtype', file({ a: { ...a, dtype: 'F31' } }, 8), 'unknown dtype'],
    ['a dtype of the prototype', file({ a: { ...a, dtype: 'toString' } }, 8), 'unknown dtype'],
    ['a negative size', file({ a: { ...a, shape: [-2] } }, 8), '-2'],
    ['a fractional size', file({ a: { ...a, shape: [0.5, 4] } }, 8), '0.5'],
    ['sizes of 2^53', file({ a: { ...a, shape: [2 ** 53, 2] } }, 8), '9007199254740992'],
    ['a product over 2^53', file({ a: { ...a, shape: [2 ** 52, 4] } }, 8), '2^53'],
    ['a size that does not match', file({ a: { ...a, shape: [3] } }, 8), 'span 8'],
    ['offsets out of range', file({ a: { ...a, data_offsets: [8, 16] } }, 8), 'starts at 8'],
    ['an end before the start', file({ a: { ...a, data_offsets: [8, 0] } }, 8), 'span -8'],
    ['overlap', file({ a, b: { ...a, data_offsets: [4, 12] } }, 12), 'overlap'],
    ['the same place twice', file({ a, b: a }, 8), 'overlap'],
    ['a gap', file({ a, b: { ...a, data_offsets: [16, 24] } }, 24), 'gap'],
    ['a truncated body', file({ a }, 7), 'truncated'],
    ['more bytes than tensors', file({ a }, 9), 'not complete'],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), '__metadata__'],
    ...['[2.0]', '[2e0]', '[20E-1]', '[1,\n2.0]'].map((shape): [string, Uint8Array, string] => [
      `the shape ${shape}`,
      file(`{"a":{"dtype":"F32","data_offsets":[0,8],"shape" : ${shape}}}`, 8),
      'not written as integers',
    ]),
    ['a place of -0', file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[-0,8]}}', 8), 'not written as integers'],
    ['half a letter', file('{"\\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8), 'no Unicode text'],
  ])('%s', async (_, bytes, message) => {
    await expect(readSafetensors(bytes)).rejects.toThrow(message);
    const path = join(folder, 'bad.safetensors');
    writeFileSync(path, bytes);
    await expect(readSafetensors(path)).rejects.toThrow(path);
  });

  test('a path that is not there, or a folder', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toThrow('ENOENT');
    await expect(readSafetensors(folder)).rejects.toThrow('not a file');
  });

  test('a source of another type', async () => {
    await expect(readSafetensors(3 as never)).rejects.toThrow('source must be a path');
  });
});
