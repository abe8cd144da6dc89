/** Bytes from anywhere: each reader gives the same from every source, and never changes the caller's bytes. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Source } from '@cnnzoo/files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StateDict } from '../state-dict/state-dict.js';
import { readKeras } from './keras/keras.js';
import { readWeights } from './read-weights.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import { readTorch } from './torch/torch.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-sources-'));
let server: Server;
let origin = '';

beforeAll(async () => {
  // Its header has 81 bytes, so no tensor is aligned.
  const header = Buffer.from('{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"__metadata__":null}      ');
  const length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  const values = Buffer.from(Float64Array.of(1.5, 2.5).buffer);
  writeFileSync(join(folder, 'odd.safetensors'), Buffer.concat([length, header, values]));
  copyFileSync(fixture('every-dtype.safetensors'), join(folder, 'a b%20.safetensors'));
  server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? '').slice(1));
    const [, way, file = ''] = /^(cut|broken)\/(.*)$/.exec(name) ?? [];
    if (way === 'cut') {
      const bytes = readFileSync(fixture(file));
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
      return;
    }
    if (way === 'broken') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(readFileSync(fixture(file)));
      return;
    }
    try {
      response.end(readFileSync(name.startsWith('own/') ? join(folder, basename(name)) : fixture(name)));
    } catch {
      response.writeHead(404).end('<html>none</html>');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** At `offset` of memory that holds other things, too, as Node's small Buffers do. */
function bufferAt(bytes: Uint8Array, offset: number): Buffer {
  const pool = Buffer.alloc(bytes.length + offset + 3, 0xaa);
  pool.set(bytes, offset);
  return pool.subarray(offset, offset + bytes.length);
}

function shared(bytes: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return memory;
}

type MakeSource = (path: string, bytes: Uint8Array<ArrayBuffer>, url: string) => Source;
const sources: Readonly<Record<string, MakeSource>> = {
  'a file URL': (path) => pathToFileURL(path),
  'a file URL as a text': (path) => pathToFileURL(path).href,
  'a Buffer of readFileSync': (path) => readFileSync(path),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8].map((at): [string, MakeSource] => [
      `a Buffer at ${at}`,
      (_, bytes) => bufferAt(bytes, at),
    ]),
  ),
  'a Uint8Array': (_, bytes) => bytes,
  'a Uint8Array at 3': (_, bytes) => {
    const { buffer, byteOffset, length } = bufferAt(bytes, 3);
    return new Uint8Array(buffer, byteOffset, length);
  },
  'an ArrayBuffer': (_, bytes) => bytes.buffer,
  'a SharedArrayBuffer': (_, bytes) => shared(bytes),
  'a Uint8Array of shared memory': (_, bytes) => new Uint8Array(shared(bytes)),
  'a Blob': (_, bytes) => new Blob([bytes]),
  'a File': (_, bytes) => new File([bytes], 'weights'),
  'a reader of unaligned Buffers': (_, bytes) => ({
    size: bytes.length,
    read: async (offset, length) => bufferAt(bytes.subarray(offset, offset + length), 5),
  }),
  'a reader of one view': (_, bytes) => {
    const view = bufferAt(bytes, 1);
    return { size: bytes.length, read: async (offset, length) => view.subarray(offset, offset + length) };
  },
  'an address': (_, __, url) => url,
  'an address as a URL': (_, __, url) => new URL(url),
};

/** The bytes that a source of memory has, to see whether they change. */
function memoryOf(source: Source): Uint8Array | null {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer || source instanceof SharedArrayBuffer) return new Uint8Array(source);
  return null;
}

const plain = (dict: StateDict) =>
  [...dict].map(([name, { shape, dtype, layout, data }]) => ({ name, shape, dtype, layout, data }));

const files: Readonly<Record<string, (source: Source) => Promise<StateDict>>> = {
  'every-dtype.safetensors': readSafetensors,
  'own/odd.safetensors': readSafetensors,
  'own/a b%20.safetensors': readSafetensors,
  'torch-zip.pth': readTorch,
  'torch-old.pth': readTorch,
  'torch-deflated.pth': readTorch,
  'torch-matrix/zip-2.pth': readTorch,
  'torch-matrix/old-4.pth': readTorch,
  'keras-model.h5': readKeras,
  'keras-latest.h5': readKeras,
  'keras-compressed.h5': readKeras,
  'keras-layouts.h5': readKeras,
  'checkpoints/shuffled.h5': readKeras,
  'keras3-model.keras': readKeras,
  'keras3.weights.h5': readKeras,
};

describe.each(Object.entries(files))('%s', (name, read) => {
  test.each(Object.entries(sources))('from %s', async (_, make) => {
    const path = name.startsWith('own/') ? join(folder, basename(name)) : fixture(name);
    const bytes = new Uint8Array(readFileSync(path));
    const expected = plain(await read(path));
    expect(expected.length).toBeGreaterThan(0);
    const source = make(path, bytes.slice(), origin + name.split('/').map(encodeURIComponent).join('/'));
    for (const reader of [read, readWeights]) {
      const dict = await reader(source);
      expect(plain(dict)).toEqual(expected);
      // What was read is the caller's: it shares no memory with what it was read from.
      for (const { data } of dict.values()) new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(7);
      const memory = memoryOf(source);
      if (memory !== null) expect(Buffer.compare(new Uint8Array(memory), bytes)).toBe(0);
    }
  });
});

test('shuffled chunks that are not compressed', async () => {
  const { data } = (await readKeras(readFileSync(fixture('checkpoints/shuffled.h5')))).get('d.weight') ?? {};
  expect([...(data ?? [])].slice(0, 3)).toEqual([0.1, 1.1, 2.1].map(Math.fround));
});

describe('an index of several files', () => {
  const write = (index: object, name = 'model.safetensors.index.json') => {
    writeFileSync(join(folder, name), JSON.stringify(index));
    return join(folder, name);
  };
  const tensor = (value: number) => ({ dtype: 'F32', shape: [1], data: Float32Array.of(value) }) as const;
  beforeAll(() => {
    writeFileSync(join(folder, 'm-1.safetensors'), writeSafetensors(new Map([['a', tensor(1)]])));
    writeFileSync(
      join(folder, 'm-2.safetensors'),
      writeSafetensors(
        new Map([
          ['b', tensor(2)],
          ['c', tensor(3)],
        ]),
      ),
    );
  });
  const map = { a: 'm-1.safetensors', b: 'm-2.safetensors', c: 'm-2.safetensors' };

  test.each(['a path', 'a file URL', 'an address'])('by %s', async (kind) => {
    const path = write({ metadata: { total_size: 12 }, weight_map: map });
    const source = { 'a path': path, 'a file URL': pathToFileURL(path) }[kind] ?? `${origin}own/${basename(path)}`;
    for (const read of [readSafetensors, readWeights]) {
      const dict = await read(source);
      expect([...dict].map(([name, { data }]) => [name, data[0]])).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]);
    }
  });

  test.each<[object, string]>([
    [{ weight_map: { ...map, d: 'm-2.safetensors' } }, "'d' is not in m-2.safetensors"],
    [{ weight_map: { a: map.a, b: map.b } }, "m-2.safetensors has 'c', which the index does not place there"],
    [{ weight_map: { a: '../m-1.safetensors' } }, 'expected a file beside it'],
    [{ weight_map: { a: '/etc/passwd' } }, 'expected a file beside it'],
    [{ weight_map: { a: 'https://example.com/x' } }, 'expected a file beside it'],
    [{ weight_map: { a: 'none.safetensors' } }, 'none.safetensors'],
    [{ weight_map: { a: 'bad.index.json' } }, 'this is JSON'],
    [{ weight_map: { a: 'other.index.json' } }, 'this is JSON'],
    [{ weight_map: {} }, 'JSON without a weight_map'],
    [{}, 'JSON without a weight_map'],
  ])('%j', async (index, message) => {
    write({ weight_map: { a: 'bad.index.json' } }, 'other.index.json');
    await expect(readSafetensors(write(index, 'bad.index.json'))).rejects.toThrow(message);
    await expect(readWeights(write(index, 'bad.index.json'))).rejects.toThrow(message);
  });

  test('in memory it cannot say where its files are', async () => {
    const bytes = readFileSync(write({ weight_map: map }));
    await expect(readSafetensors(bytes)).rejects.toThrow('give its path or address');
  });
});

describe('no source', () => {
  test.each([
    [3, 'source must be a path'],
    [null, 'source must be a path'],
    [[1, 2], 'got an array'],
    [{ size: -1, read: async () => new Uint8Array() }, 'source.size must be the number of bytes, got -1'],
    [{ size: 9, read: async () => new Uint8Array(3) }, 'must give 9 bytes, got 3'],
    [{ size: 9, read: async () => 'x' }, 'must give a Uint8Array, got string'],
    [new URL('ftp://example.com/x'), 'source must be a file or https URL'],
    ['/nowhere/a.pth', '/nowhere/a.pth'],
    [tmpdir(), 'is not a file'],
    ['a\0b', 'with a zero in it'],
  ])('%s', async (source, message) => {
    for (const read of [readSafetensors, readTorch, readKeras, readWeights])
      await expect(read(source as never)).rejects.toThrow(message);
  });

  test('an address that does not answer with the file', async () => {
    await expect(readWeights(`${origin}none.pth`)).rejects.toThrow(`${origin}none.pth: the server answered 404`);
    await expect(readWeights(`${origin}torch-zip.pth`, { limits: { memory: 100 } })).rejects.toThrow(
      'more than 100 bytes',
    );
  });

  test.each([
    ['a connection that is cut', 'cut/', /: terminated \(.+\)$/],
    ['a transfer whose compression is broken', 'broken/', /: terminated \(.+\)$/],
  ])('%s: the error names the address and the reason', async (_, way, reason) => {
    for (const [read, name] of [
      [readSafetensors, 'every-dtype.safetensors'],
      [readTorch, 'torch-old.pth'],
      [readKeras, 'keras-weights.h5'],
      [readWeights, 'torch-zip.pth'],
    ] as const) {
      const address = `${origin}${way}${name}`;
      const error = await read(address).catch((found: Error) => found);
      expect(String(error)).toContain(`Error: ${address}: `);
      expect(String(error)).toMatch(reason);
    }
  });
});
