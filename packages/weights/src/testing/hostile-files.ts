/** Files of every format that ask for much more than they are: one generator a way, as large as an attacker would make them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';

interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
  /** What the archive claims. Default: the truth. */
  readonly size?: number;
}

/** A zip archive; what it claims about its entries can be a lie. */
function zipOf(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, deflate = false, size = bytes.length } of entries) {
    const stored = deflate ? deflateRawSync(bytes) : Buffer.from(bytes);
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30, 'latin1');
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(deflate ? 8 : 0, 10);
    entry.writeUInt32LE(stored.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    entry.write(name, 46, 'latin1');
    parts.push(local, stored);
    directory.push(entry);
    offset += local.length + stored.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length & 0xffff, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

const bytesOf = (text: string) => Buffer.from(text, 'latin1');
/** A PyTorch file with this pickle after PROTO 2, one byte a character. */
const torch = (pickle: string, storage = 16, deflate = true) =>
  zipOf([
    { name: 'a/data.pkl', bytes: bytesOf(`\x80\x02${pickle}.`), deflate },
    { name: 'a/data/0', bytes: Buffer.alloc(storage), deflate },
  ]);
const magic = '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.';
const old = (pickle: string) => bytesOf(`${magic}\x80\x02${pickle}.`);
/** A tensor [2^9, 2^10] on storage 0, which memo 9 holds afterwards. */
const storage = (type: string, length: string) =>
  `(X\x07\0\0\0storagectorch\n${type}\nX\x01\0\0\x000X\x03\0\0\0cpu${length}tQ`;
const tensor = (type: string, elements: number, shape: string, strides: string) =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${storage(type, `I${elements}\n`)}K\0${shape}${strides}\x89}tR`;
const item = (i: number) => `X${String.fromCharCode(5, 0, 0, 0)}${String(i).padStart(5, '0')}`;
const many = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i)).join('');

function safetensors(header: string, body = 0): Buffer {
  const length = Buffer.alloc(8);
  length.writeUInt32LE(Buffer.byteLength(header));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(body)]);
}

const keras = (config: Uint8Array, weights: Entry = { name: 'model.weights.h5', bytes: Buffer.alloc(9) }) =>
  zipOf([{ name: 'config.json', bytes: config, deflate: true }, weights]);

/** By the name that the file gets. */
const hostileFiles: Readonly<Record<string, () => Buffer>> = {
  'dicts.pth': () => torch('}'.repeat(2 ** 22)),
  'lists.pth': () => torch(']'.repeat(60 * 2 ** 20)),
  'lists-within-the-budget.pth': () => torch(']'.repeat(2 ** 18 - 10)),
  'nested-tuples.pth': () => torch(`)${'\x85'.repeat(2 ** 21)}`),
  'tuples-that-double.pth': () => torch(`)${'2\x86'.repeat(10_000)}`),
  'ordered-dicts-of-one-list.pth': () =>
    torch(
      `(${'K\0N\x86'.repeat(20_000)}lq\x000ccollections\nOrderedDict\nq\x010h\0\x85q\x020${'h\x01h\x02R0'.repeat(40_000)}N`,
    ),
  'ordered-dicts-that-stay.pth': () =>
    torch(
      `(${'K\0N\x86'.repeat(20_000)}lq\x000ccollections\nOrderedDict\nq\x010h\0\x85q\x020${'h\x01h\x02R'.repeat(40_000)}`,
    ),
  'tensors-of-many-axes.pth': () =>
    torch(
      `(${'K\x01'.repeat(20_000)}tq\x000ctorch._utils\n_rebuild_tensor_v2\nq\x010${storage('FloatStorage', 'K\x04')}q\x020(h\x02K\0h\0h\0\x89}tq\x030${'h\x01h\x03R0'.repeat(40_000)}N`,
    ),
  'tensors-of-one-storage.pth': () =>
    torch(
      `}(${many(3000, (i) => `${item(i)}${tensor('HalfStorage', 2 ** 19, 'J\0\0\x08\0\x85', 'K\x01\x85')}`)}u`,
      2 ** 20,
    ),
  'tensors-of-one-storage-stored.pth': () =>
    torch(
      `}(${many(3000, (i) => `${item(i)}${tensor('BFloat16Storage', 2 ** 19, 'J\0\0\x08\0\x85', 'K\x01\x85')}`)}u`,
      2 ** 20,
      false,
    ),
  'quantized-of-one-storage.pth': () =>
    torch(
      `}(${many(500, (i) => `${item(i)}ctorch._utils\n_rebuild_qtensor\n(${storage('QInt8Storage', `I${2 ** 20}\n`)}K\0J\0\0\x10\0\x85K\x01\x85(ctorch\nper_tensor_affine\nG?\xf0\0\0\0\0\0\0K\0t\x89}tR`)}u`,
      2 ** 20,
    ),
  'objects-of-one-list.pth': () =>
    torch(
      `}(${tensor('FloatStorage', 4, 'K\x04\x85', 'K\x01\x85').replace(/^/, item(0))}${item(1)}(${'N'.repeat(50_000)}lq\0${many(20_000, (i) => `${item(i + 2)}ca\nb\nh\0\x85R`)}u`,
    ),
  'dicts-of-one-dict.pth': () =>
    torch(`}q\0(${many(20_000, (i) => `${item(i)}N`)}u0}(${many(20_000, (i) => `${item(i)}h\0`)}u`),
  'integers-of-1024-bytes.pth': () => torch(`(${many(8000, () => `\x8b\0\x04\0\0${'\x7f'.repeat(1024)}`)}l`),
  'integers-of-text.pth': () => torch(`(${many(4000, () => `L${'9'.repeat(2500)}L\n`)}l`),
  'marks.pth': () => torch('('.repeat(2 ** 22)),
  'push-and-pop.pth': () => torch('N0'.repeat(30 * 2 ** 20)),
  'a-list-in-itself.pth': () => torch('}(X\x01\0\0\0a]q\0h\0au'),
  'dicts-in-themselves.pth': () => torch('}q\0(X\x01\0\0\0ah\0X\x01\0\0\0bh\0X\x01\0\0\0ch\0u'),
  'old-dicts.pth': () => old('}'.repeat(2 ** 23)),
  'old-lists.pth': () => old(']'.repeat(2 ** 23)),
  'old-texts.pth': () => old(`(${'X\x01\0\0\0a'.repeat(2 ** 20)}l`),
  'old-without-end.pth': () => old('N0'.repeat(2 ** 22)).subarray(0, -1),
  'empty-entries.pth': () => {
    // More than 65,535, so the count in the last record is wrong, as in archives of zip64.
    return zipOf(Array.from({ length: 65_000 }, (_, i) => ({ name: String(i), bytes: Buffer.alloc(0) })));
  },
  'long-names.pth': () =>
    zipOf(Array.from({ length: 400 }, (_, i) => ({ name: `${i}${'a'.repeat(40_000)}`, bytes: Buffer.alloc(0) }))),
  'an-entry-that-lies.pth': () =>
    zipOf([{ name: 'a/data.pkl', bytes: Buffer.alloc(2 ** 24), deflate: true, size: 2 ** 31 }]),
  'an-entry-that-is-longer.pth': () =>
    zipOf([{ name: 'a/data.pkl', bytes: Buffer.alloc(2 ** 28), deflate: true, size: 100 }]),
  'names.safetensors': () =>
    safetensors(
      `{${many(200_000, (i) => `${i > 0 ? ',' : ''}"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`)}}`,
    ),
  'brackets.safetensors': () => safetensors(`{"__metadata__":${'['.repeat(400_000)}${']'.repeat(400_000)}}`),
  'objects.safetensors': () => safetensors(`{"a":[${'{},'.repeat(2 ** 20)}0]}`),
  'axes.safetensors': () =>
    safetensors(`{"a":{"dtype":"U8","shape":[${'1,'.repeat(2 ** 20)}1],"data_offsets":[0,1]}}`, 1),
  'a-huge-axis.safetensors': () => safetensors('{"a":{"dtype":"U8","shape":[9e15],"data_offsets":[0,1]}}', 1),
  'a-name-twice.safetensors': () => safetensors(`{"${'a'.repeat(2 ** 22)}":1,"${'a'.repeat(2 ** 22)}":1}`),
  'a-long-dtype.safetensors': () =>
    safetensors(`{"a":{"dtype":"${'x'.repeat(2 ** 22)}","shape":[],"data_offsets":[0,0]}}`),
  'layers.keras': () => keras(bytesOf(`{"config":{"layers":[${'{},'.repeat(10 ** 6)}{}]}}`)),
  'brackets.keras': () => keras(bytesOf('['.repeat(60 * 2 ** 20))),
  'weights-that-unpack.keras': () =>
    keras(bytesOf('{}'), { name: 'model.weights.h5', bytes: Buffer.alloc(2 ** 28), deflate: true }),
  'model.safetensors.index.json': () =>
    Buffer.from(`{"weight_map":{${many(300_000, (i) => `${i > 0 ? ',' : ''}"${i}":"m.safetensors"`)}}}`),
  'shards.index.json': () =>
    Buffer.from(`{"weight_map":{${many(50_000, (i) => `${i > 0 ? ',' : ''}"${i}":"m${i}.safetensors"`)}}}`),
};

const model = (manifest: object) => JSON.stringify({ modelTopology: {}, weightsManifest: manifest });
const weight = (i: number, shape: readonly number[]) => ({ name: `l/${i}`, shape, dtype: 'float32' });

/** Folders of TensorFlow.js models: model.json, beside w.bin of 1 MiB. */
const hostileModels: Readonly<Record<string, () => string>> = {
  'one-file-many-times': () => model([{ paths: Array(5000).fill('w.bin'), weights: [] }]),
  'one-file-by-many-names': () =>
    model([{ paths: Array.from({ length: 5000 }, (_, i) => `${'./'.repeat(i)}w.bin`), weights: [] }]),
  'many-empty-weights': () =>
    model([
      {
        paths: ['w.bin'],
        weights: [...Array.from({ length: 10 ** 5 }, (_, i) => weight(i, [0])), weight(-1, [2 ** 18])],
      },
    ]),
  'widened-weights': () =>
    model([
      {
        paths: ['w.bin'],
        weights: [
          {
            name: 'l/w',
            shape: [2 ** 20, ...Array(1e5).fill(1)],
            dtype: 'float32',
            quantization: { dtype: 'uint8', scale: 1, min: 0 },
          },
        ],
      },
    ]),
  brackets: () => `${'['.repeat(2 ** 22)}`,
  objects: () => `[${'{},'.repeat(2 ** 21)}0]`,
};

/** Writes all of them. @returns their paths */
export function writeHostileFiles(folder: string): string[] {
  const files = Object.entries(hostileFiles).map(([name, make]) => {
    writeFileSync(join(folder, name), make());
    return join(folder, name);
  });
  const models = Object.entries(hostileModels).map(([name, make]) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'model.json'), make());
    writeFileSync(join(folder, name, 'w.bin'), new Uint8Array(2 ** 20));
    return join(folder, name);
  });
  return [...files, ...models];
}
