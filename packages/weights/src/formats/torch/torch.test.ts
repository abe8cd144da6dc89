import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sharedFile } from '@cnnzoo/testing';
import { describe, expect, test } from 'vitest';
import { readTorch } from './torch.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const expected = JSON.parse(readFileSync(fixture('torch.json'), 'utf8')) as Record<
  string,
  { shape: number[]; data: number[] }
>;

/** A zip archive with these entries, by name and bytes; what it claims about them can be a lie. */
function zip(entries: readonly (readonly [string, Uint8Array, { method?: number; size?: number }?])[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes, { method = 0, size = bytes.length } = {}] of entries) {
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30);
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(bytes.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    entry.write(name, 46);
    parts.push(local, Buffer.from(bytes));
    directory.push(entry);
    offset += local.length + bytes.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...parts, ...directory, end]));
}

/** A PyTorch file with this pickle, one byte a character, and a storage '0' of 16 bytes. */
function pickled(pickle: string): Uint8Array {
  return zip([
    ['a/data.pkl', Buffer.from(pickle, 'latin1')],
    ['a/data/0', new Uint8Array(16)],
  ]);
}

/** A pickle of { w: tensor } on a float storage of `length` elements; `rest`: offset, shape and strides, as opcodes. */
function tensorPickle(rest: string, length = 4): Uint8Array {
  const name = (text: string) => `X${String.fromCharCode(text.length)}\0\0\0${text}`;
  return pickled(
    `}${name('w')}ctorch._utils\n_rebuild_tensor_v2\n(` +
      `(${name('storage')}ctorch\nFloatStorage\n${name('0')}${name('cpu')}K${String.fromCharCode(length)}tQ` +
      `${rest}\x89N` +
      'tRs.',
  );
}

describe('files that PyTorch wrote', () => {
  test.each(['torch-zip.pth', 'torch-old.pth', 'torch-checkpoint.pth', 'torch-deflated.pth'])('%s', async (name) => {
    const bytes = new Uint8Array(readFileSync(fixture(name)));
    const reader = { size: bytes.length, read: async (offset: number, n: number) => bytes.slice(offset, offset + n) };
    for (const source of [fixture(name), bytes, reader]) {
      const dict = await readTorch(source);
      expect([...dict.keys()]).toEqual(Object.keys(expected));
      for (const [key, { shape, data }] of dict) {
        expect(shape, key).toEqual(expected[key]?.shape);
        expect(Array.from(data as ArrayLike<number | bigint>, Number), key).toEqual(expected[key]?.data);
      }
      expect(dict.get('half')?.dtype).toBe('F32');
      expect(dict.get('bfloat16')?.dtype).toBe('F32');
      expect(dict.get('long')?.data).toBeInstanceOf(BigInt64Array);
    }
  });

  const resnet20 = sharedFile('data/cifar-resnets/resnet20-12fca82f.th');
  test.skipIf(resnet20 === null)('a published checkpoint of 2018', async () => {
    const dict = await readTorch(resnet20 ?? '');
    expect(dict.size).toBe(97);
    expect(dict.get('module.layer3.0.conv1.weight')?.shape).toEqual([64, 32, 3, 3]);
    expect(dict.get('module.conv1.weight')?.data[0]).toBe(Math.fround(-0.13818146288394928));
  });
});

describe('nothing is executed', () => {
  // Both would run a command in Python.
  test('what a pickle would call is left out where no tensor needs it', async () => {
    const dict = await readTorch(fixture('torch-evil-zip.pth'));
    expect([...dict.keys()]).toEqual(['weight']);
  });

  test.each([
    ['torch-evil-old.pth', "it holds no tensors: its keys are 'evil'"],
    ['torch-whole-module.pth', 'a whole object, a __main__.Net: only Python has its code. Save its state dict there'],
  ])('%s', async (name, message) => {
    await expect(readTorch(fixture(name))).rejects.toThrow(message);
    await expect(readTorch(fixture(name))).rejects.toThrow(name);
  });

  test.each([
    ['cbuiltins\neval\n(tR.', 'a whole object, a builtins.eval'],
    ['c__builtin__\n__import__\n.', 'no dict of tensors'],
    ['cObject\nconstructor\n.', 'no dict of tensors'],
    ['cObject\nconstructor\n(tR(tR.', 'a Object.constructor()'],
    ['ctorch\nFloatStorage\n(tR.', 'a whole object, a torch.FloatStorage'],
    ['X\x01\0\0\0aX\x01\0\0\0b\x93.', 'no dict of tensors'],
    ['(ios\nsystem\n.', 'a whole object, a os.system'],
    ['}(NtR.', 'calls something that is no global'],
    ['NNb.', 'sets attributes'],
  ])('%j', async (pickle, message) => {
    await expect(readTorch(pickled(pickle))).rejects.toThrow(message);
  });
});

describe('bad files', () => {
  test('a tensor as it should be', async () => {
    const dict = await readTorch(tensorPickle('K\0K\x02K\x02\x86K\x02K\x01\x86'));
    expect(dict.get('w')).toMatchObject({ shape: [2, 2], data: new Float32Array(4) });
  });

  test.each([
    ['over its storage', tensorPickle('K\x01K\x02K\x02\x86K\x02K\x01\x86'), 'reaches over'],
    ['huge strides', tensorPickle('K\0K\x02\x85J\xff\xff\xff\x7f\x85'), 'reaches over'],
    ['a negative size', tensorPickle('K\0I-2\n\x85K\x01\x85'), 'expected integers'],
    ['sizes of 2^53', tensorPickle('K\0I9007199254740992\n\x85K\0\x85'), 'expected integers'],
    ['NaN', tensorPickle('FNaN\nK\x01\x85K\x01\x85'), 'no number'],
    ['a storage repeated without end', tensorPickle('K\0I1000000000000\n\x85K\0\x85'), 'repeats a storage'],
    ['another rank of strides', tensorPickle('K\0K\x01\x85)'), 'expected integers'],
    ['a storage larger than its file', tensorPickle('K\0K\x01\x85K\x01\x85', 5), 'has 16 bytes, expected 20'],
    ['no tensors', pickled('}.'), 'no tensors'],
    // Tuples of twice the tuple before: 2^1000 elements, if anybody looked into them.
    ['a name that doubles', pickled(`}(${')'}${'2\x86'.repeat(1000)}Nu.`), 'no tensors'],
    ['a global that doubles', pickled(`)${'2\x86'.repeat(1000)}X\x01\0\0\0a\x93.`), 'a global named by a list'],
    ['a storage that doubles', pickled(`)${'2\x86'.repeat(1000)}Q.`), 'no storage'],
    ['sizes that double', tensorPickle(`K\0)${'2\x86'.repeat(1000)})`), 'expected integers'],
    ['a list', pickled('].'), 'no dict'],
    ['an empty stack', pickled('0.'), 'empty stack'],
    ['no mark', pickled('t.'), 'no mark'],
    ['nothing remembered', pickled('h\x07.'), 'nothing was remembered'],
    ['a text longer than the pickle', pickled('X\x7f\x7f\x7f\x7fabc.'), 'too early'],
    ['a text of 2^63 bytes', pickled('\x8d\0\0\0\0\0\0\0\x7f.'), 'a length of'],
    ['no UTF-8', pickled('U\x01\xff.'), 'not UTF-8'],
    ['no pickle', zip([['a/data.txt', new Uint8Array(1)]]), 'without data.pkl'],
    ['a path that climbs out', zip([['../a/data.pkl', new Uint8Array(1)]]), 'climbs out'],
    ['an absolute path', zip([['/a/data.pkl', new Uint8Array(1)]]), 'climbs out'],
    ['a Windows path', zip([['C:\\data.pkl', new Uint8Array(1)]]), 'climbs out'],
    [
      'a name twice',
      zip([
        ['a/data.pkl', new Uint8Array(1)],
        ['a/data.pkl', new Uint8Array(1)],
      ]),
      'twice',
    ],
    ['two sizes', zip([['a/data.pkl', new Uint8Array(1), { size: 5 }]]), 'two sizes'],
    ['another compression', zip([['a/data.pkl', new Uint8Array(1), { method: 12 }]]), 'method 12'],
    ['no deflate', zip([['a/data.pkl', new Uint8Array(9), { method: 8 }]]), 'cannot be unpacked'],
    ['a bomb', zip([['a/data.pkl', new Uint8Array(9), { method: 8, size: 2 ** 31 }]]), 'bytes of memory'],
    ['no PyTorch file', new TextEncoder().encode('<html>404</html>'), 'a web page and not the file'],
    ['nothing', new Uint8Array(0), 'this is empty'],
  ])('%s', async (_, bytes, message) => {
    await expect(readTorch(bytes)).rejects.toThrow(message);
  });

  test.each(['torch-zip.pth', 'torch-old.pth'])('%s, truncated anywhere', async (name) => {
    const bytes = new Uint8Array(readFileSync(fixture(name)));
    for (let length = 0; length < bytes.length; length += 13)
      await expect(readTorch(bytes.subarray(0, length))).rejects.toThrow(Error);
  });
});
