import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBudget } from './budget.js';
import { openSource } from './source.js';
import { readZipDirectory, readZipEntry, zipEntriesByName } from './zip.js';

interface Entry {
  readonly name: Uint8Array;
  readonly bytes: Uint8Array;
  readonly method: number;
  readonly flags: number;
}

const entry = (name: string, text: string, changes: Partial<Entry> = {}): Entry => ({
  name: Buffer.from(name),
  bytes: Buffer.from(text),
  method: 0,
  flags: 0,
  ...changes,
});

/** @param before bytes in front of the archive, of which its places know nothing */
function archive(entries: readonly Entry[], before = 0): Buffer {
  const parts: Buffer[] = [Buffer.alloc(before, 1)];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, method, flags } of entries) {
    const stored = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const listed = Buffer.alloc(46);
    listed.writeUInt32LE(0x02014b50, 0);
    listed.writeUInt16LE(flags, 8);
    listed.writeUInt16LE(method, 10);
    listed.writeUInt32LE(stored.length, 20);
    listed.writeUInt32LE(bytes.length, 24);
    listed.writeUInt16LE(name.length, 28);
    listed.writeUInt32LE(offset, 42);
    parts.push(local, Buffer.from(name), stored);
    directory.push(listed, Buffer.from(name));
    offset += 30 + name.length + stored.length;
  }
  const all = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(all.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, all, end]);
}

async function read(bytes: Uint8Array) {
  const source = await openSource(bytes);
  const budget = readBudget('the archive', bytes.length);
  const entries = await readZipDirectory(source, budget);
  return { source, budget, entries };
}

test('entries, stored and deflated, with other bytes in front of the archive', async () => {
  const entries = fc.array(fc.record({ text: fc.string(), deflated: fc.boolean() }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(entries, fc.nat(100), async (list, before) => {
      const bytes = archive(
        list.map(({ text, deflated }, i) => entry(`a/${i}.txt`, text, { method: deflated ? 8 : 0 })),
        before,
      );
      const { source, budget, entries: found } = await read(bytes);
      expect(found.map(({ name }) => name)).toEqual(list.map((_, i) => `a/${i}.txt`));
      for (const [i, each] of found.entries())
        expect(Buffer.from(await readZipEntry(source, each, budget)).toString()).toBe(list[i]?.text);
    }),
    { numRuns: 50, seed: 1 },
  );
});

test('names in UTF-8, whether the archive says so or not, and in the old code page', async () => {
  const latin = entry('', 'x', { name: Uint8Array.of(0x81, 0x62, 0x65, 0x72) });
  const { entries } = await read(archive([entry('grün/ü.txt', 'x'), entry('日本', 'x', { flags: 0x800 }), latin]));
  expect(entries.map(({ name }) => name)).toEqual(['grün/ü.txt', '日本', 'über']);
});

test('an entry that nobody asks for harms nobody', async () => {
  const { source, budget, entries } = await read(
    archive([entry('a', 'x'), entry('b', 'x', { method: 12 }), entry('c', 'x', { flags: 1 }), entry('d/', '')]),
  );
  const byName = zipEntriesByName(entries, 'the archive');
  expect([...byName.keys()]).toEqual(['a', 'b', 'c']);
  const get = (name: string) => {
    const found = byName.get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return readZipEntry(source, found, budget);
  };
  expect(Buffer.from(await get('a')).toString()).toBe('x');
  await expect(get('b')).rejects.toThrow("'b' is packed by method 12, expected deflate");
  await expect(get('c')).rejects.toThrow("'c' is encrypted");
});

describe('refused', () => {
  test.each(['../a', '/a', 'a/../../b', 'C:/a', 'a\\b'])('%s', async (name) => {
    await expect(read(archive([entry(name, 'x')]))).rejects.toThrow('climbs out of its folder');
  });

  test('the same name twice, and bytes that two entries share', async () => {
    const { entries } = await read(archive([entry('a', 'x'), entry('a', 'y')]));
    expect(() => zipEntriesByName(entries, 'the archive')).toThrow("'a' is there twice");
    const bytes = archive([entry('a', 'x'), entry('b', 'y')]);
    bytes.writeUInt32LE(0, bytes.lastIndexOf(Buffer.from('504b0102', 'hex')) + 42);
    await expect(read(bytes)).rejects.toThrow('overlaps another');
  });

  test('more entries than the budget has', async () => {
    const bytes = archive(Array.from({ length: 20 }, (_, i) => entry(String(i), '')));
    const source = await openSource(bytes);
    await expect(readZipDirectory(source, readBudget('it', bytes.length, { entries: 19 }))).rejects.toThrow(
      'it: it has 20 entries or more, more than the 19',
    );
  });
});
