/** Archives, arrays and lists that ask for much more than they are: one generator a way. */
import { gzipSync } from 'node:zlib';
import { type TarEntry, tarOf } from '../fixtures/tar-writer.js';
import { type ZipEntry, zipOf } from '../fixtures/zip-writer.js';

const empty = new Uint8Array(0);
const entries = (count: number, path: (i: number) => string, bytes: Uint8Array = empty): ZipEntry[] =>
  Array.from({ length: count }, (_, i) => ({ path: path(i), bytes }));
const zeros = (megabytes: number) => Buffer.alloc(megabytes * 2 ** 20);

/** A .zip whose last record or directory is changed. */
function zipWith(change: (zip: Buffer, end: number, directory: number) => void, bytes = Buffer.alloc(100)): Buffer {
  const zip = zipOf([{ path: 'a/1.png', bytes }]);
  change(zip, zip.length - 22, zip.readUInt32LE(zip.length - 6));
  return zip;
}

const text = (value: string) => Buffer.from(value);
const idx = (dimensions: readonly number[], body = empty) => {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.writeUInt32BE(0x800 + dimensions.length);
  for (const [i, size] of dimensions.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([head, body]);
};

/** Archives, by the name that the file gets: they are opened by imageFolder, and their first image is read. */
export const hostileArchives: Readonly<Record<string, () => Buffer>> = {
  'empty-entries.zip': () => zipOf(entries(65_000, (i) => `a/${i}.png`)),
  'classes.zip': () => zipOf(entries(40_000, (i) => `${i}/1.png`)),
  'long-names.zip': () => zipOf(entries(400, (i) => `a/${'b'.repeat(40_000)}${i}.png`)),
  'deep.zip': () => zipOf(entries(300, (i) => `a/${'b/'.repeat(20_000)}${i}.png`)),
  'hidden.zip': () => zipOf(entries(65_000, (i) => `a/.${i}.png`)),
  'hidden-folders.zip': () => zipOf(entries(2000, (i) => `a/${'.b/'.repeat(10_000)}${i}.png`)),
  'bomb.zip': () => zipOf([{ path: 'a/1.png', bytes: zeros(100), deflated: true }]),
  'longer-than-said.zip': () => zipOf([{ path: 'a/1.png', bytes: zeros(100), deflated: true, claimedSize: 100 }]),
  'larger-than-the-file.zip': () => zipWith((zip, _, directory) => zip.writeUInt32LE(2 ** 32 - 2, directory + 20)),
  'unpacks-to-4-gb.zip': () => zipWith((zip, _, directory) => zip.writeUInt32LE(2 ** 32 - 2, directory + 24)),
  'more-than-there-are.zip': () => zipWith((zip, end) => zip.writeUInt16LE(65_000, end + 10)),
  'directory-of-4-gb.zip': () => zipWith((zip, end) => zip.writeUInt32LE(2 ** 32 - 2, end + 12)),
  'directory-elsewhere.zip': () => zipWith((zip, end) => zip.writeUInt32LE(2 ** 31, end + 16)),
  'signatures.zip': () => Buffer.concat(Array<Buffer>(2 ** 20).fill(text('PK\x05\x06'))),
  'empty-entries.tar': () => tarOf(entries(20_000, (i) => `a/${i}.png`)),
  'long-paths.tar': () =>
    tarOf(
      Array.from({ length: 12 }, (_, i): TarEntry[] => [
        { path: 'long', type: 'NextFileHasLongPath', content: text(`a/${'b'.repeat(2 ** 20 - 9)}${i}`) },
        { path: 'a/1.png' },
      ]).flat(),
    ),
  'records.tar': () =>
    tarOf([{ path: 'pax', type: 'ExtendedHeader', content: text('9 a=bcde\n'.repeat(110_000)) }, { path: 'a/1.png' }]),
  'headers-that-inherit.tar': () =>
    tarOf(
      Array.from({ length: 300 }, (_, i) => ({
        path: 'pax',
        type: 'ExtendedHeader' as const,
        content: text(Array.from({ length: 4000 }, (_, j) => `14 k${i % 9}${String(j).padStart(6, '0')}=b\n`).join('')),
      })),
    ),
  'links-to-links.tar': () =>
    tarOf(
      Array.from({ length: 20_000 }, (_, i) => ({
        path: `a/${i}.png`,
        type: 'SymbolicLink' as const,
        target: `${i + 1}.png`,
      })),
    ),
  'links-to-folders.tar': () =>
    tarOf([
      ...Array.from({ length: 5000 }, (_, i) => ({ path: `a/${i}.png` })),
      ...Array.from({ length: 5000 }, (_, i) => ({ path: `l${i}`, type: 'SymbolicLink' as const, target: 'a' })),
    ]),
  'a-link-to-itself.tar': () => tarOf([{ path: 'a/1.png', type: 'SymbolicLink', target: '1.png' }]),
  'larger-than-the-file.tar': () => tarOf([{ path: 'a/1.png', size: 2 ** 40 }]),
  'header-of-8-gb.tar': () => tarOf([{ path: 'pax', type: 'ExtendedHeader', size: 2 ** 33 - 1 }]),
};

/** Arrays, read by readIdx with three dimensions. */
export const hostileArrays: Readonly<Record<string, () => Buffer>> = {
  'zeros.idx.gz': () => gzipSync(zeros(128), { level: 9 }),
  'longer-than-said.idx.gz': () => gzipSync(Buffer.concat([idx([10, 28, 28]), zeros(128)]), { level: 9 }),
  'too-many.idx.gz': () => gzipSync(Buffer.concat([idx([170_000, 28, 28]), zeros(128)]), { level: 9 }),
  'sizes.idx.gz': () => gzipSync(idx([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1])),
  'sizes.idx': () => idx([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1]),
  'zero.idx': () => idx([0, 2 ** 32 - 1, 2 ** 32 - 1]),
  'empty-members.idx.gz': () => Buffer.concat(Array<Buffer>(200_000).fill(gzipSync(empty))),
};

/** Lists of labels, read by imageFolder of an empty folder. */
export const hostileLists: Readonly<Record<string, () => Buffer>> = {
  'lines.csv': () => text('a/b.png,c\n'.repeat(2 ** 20)),
  'classes.csv': () => text(Array.from({ length: 300_000 }, (_, i) => `${i}.png,${i}\n`).join('')),
  'a-quote.csv': () => text(`a.png,"${'b\n'.repeat(2 ** 22)}`),
  'quotes.csv': () => text(`"${'""'.repeat(2 ** 22)}`),
  'fields.csv': () => text(`a.png,b${','.repeat(2 ** 22)}`),
  'line-ends.csv': () => text('\n'.repeat(2 ** 23)),
  'a-line.csv': () => text('a'.repeat(2 ** 23)),
  'slashes.csv': () => text(`${'../'.repeat(2 ** 20)}a.png,b\n`.repeat(3)),
  'brackets.json': () => text('['.repeat(2 ** 22)),
  'objects.json': () => text(`[${'{},'.repeat(2 ** 20)}{}]`),
  'names.json': () => text(`{${Array.from({ length: 300_000 }, (_, i) => `"${i}.png":"a"`).join()}}`),
  'a-name.json': () => text(`{"${'a'.repeat(2 ** 22)}":{"b":1}}`),
  'proto.json': () => text('{"__proto__":"a","constructor":"b"}'),
};
