import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFile } from '@cnnzoo/testing';
import fc from 'fast-check';
import sharp from 'sharp';
import { create } from 'tar';
import { describe, expect, test } from 'vitest';
import { DataError } from '../data-error.js';
import { encoded, makeFolder } from '../fixtures/images.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { type ZipEntry, zipOf } from '../fixtures/zip-writer.js';
import { readImage } from '../images/decode-image.js';
import { imageFolder } from './image-folder.js';

const temporary = temporaryFolder();
const folder = join(temporary, 'animals');
await makeFolder(folder, ['dog', 'cat', 'bird'], 3);
writeFileSync(join(folder, 'cat', 'notes.txt'), 'no image, and not called one');
writeFileSync(join(folder, 'README.md'), 'not in a class');
mkdirSync(join(folder, 'cat', 'kittens'));
writeFileSync(join(folder, 'cat', 'kittens', 'a.JPG'), await encoded('jpeg', [250, 0, 0]));
writeFileSync(join(folder, 'dog', 'z.webp'), await encoded('webp', [0, 250, 0]));
const names = [
  'bird/000.png',
  'bird/001.png',
  'bird/002.png',
  'cat/000.png',
  'cat/001.png',
  'cat/002.png',
  'cat/kittens/a.JPG',
].concat(['dog/000.png', 'dog/001.png', 'dog/002.png', 'dog/z.webp']);

const entries: ZipEntry[] = names.map((path, i) => ({
  path: `data/${path}`,
  bytes: readFileSync(join(folder, path)),
  deflated: i % 2 === 1,
}));
const zip = join(temporary, 'animals.zip');
writeFileSync(
  zip,
  zipOf([
    { path: 'data/', bytes: new Uint8Array() },
    ...entries,
    { path: '__MACOSX/data/cat/._000.png', bytes: Uint8Array.of(1) },
  ]),
);
const tar = join(temporary, 'animals.tar');
await create(
  { file: tar, cwd: temporary, prefix: 'data' },
  names.map((name) => `animals/${name}`),
);
const longTar = join(temporary, 'long.tar');
const longName = `${'n'.repeat(120)}.png`;
mkdirSync(join(temporary, 'long', 'class'), { recursive: true });
writeFileSync(join(temporary, 'long', 'class', longName), await encoded('png', [1, 2, 3]));
await create({ file: longTar, cwd: join(temporary, 'long') }, ['class']);

describe.each([
  ['a folder', folder, ''],
  ['a .zip', zip, 'data'],
  ['a .tar', tar, 'data/animals'],
])('%s', (_, path, root) => {
  test('has the images of each class, in order', async () => {
    const dataset = await imageFolder(path, { root });
    expect(dataset.categories).toEqual(['bird', 'cat', 'dog']);
    expect([...dataset.labels]).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    for (const [index, name] of names.entries()) expect(dataset.files[index]?.endsWith(name)).toBe(true);
    const { image, label } = await dataset.get(8);
    expect(label).toBe(2);
    expect(image).toMatchObject({ width: 12, height: 10, channels: 3 });
    // Class dog was the first that was made, this is its second image.
    expect([...image.data.subarray(0, 3)]).toEqual([0, 1, 200]);
    const jpeg = (await dataset.get(6)).image;
    expect(jpeg.data[0]).toBeGreaterThan(240);
    expect((await dataset.get(10)).image.data[1]).toBeGreaterThan(240);
  });

  test('refuses an index out of range', async () => {
    const dataset = await imageFolder(path, { root });
    expect(() => dataset.get(11)).toThrow(/index must be an integer from 0 to 10, got 11/);
  });
});

test('a .tar with long names', async () => {
  const dataset = await imageFolder(longTar);
  expect(dataset.files[0]).toBe(join(longTar, 'class', longName));
  expect((await dataset.get(0)).image.data.subarray(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
});

describe('images of every kind become the channels asked for', () => {
  const kinds = join(temporary, 'kinds');
  const raw = { width: 2, height: 1, channels: 4 as const };
  const pixels = Uint8Array.of(255, 0, 0, 255, 0, 0, 255, 128);
  test.each<[string, () => Promise<Buffer>, number[], number[], number[]]>([
    [
      'RGB and alpha',
      () => sharp(pixels, { raw }).png().toBuffer(),
      [76, 29],
      [255, 0, 0, 0, 0, 255],
      [255, 0, 0, 255, 0, 0, 255, 128],
    ],
    [
      'palette',
      () => sharp(pixels, { raw }).removeAlpha().png({ palette: true }).toBuffer(),
      [76, 29],
      [255, 0, 0, 0, 0, 255],
      [255, 0, 0, 255, 0, 0, 255, 255],
    ],
    [
      'grey',
      () =>
        sharp(Uint8Array.of(10, 200), { raw: { ...raw, channels: 1 } })
          .png()
          .toColourspace('b-w')
          .toBuffer(),
      [10, 200],
      [10, 10, 10, 200, 200, 200],
      [10, 10, 10, 255, 200, 200, 200, 255],
    ],
    [
      '16-bit',
      () =>
        sharp(Uint16Array.of(65535, 0, 0, 0, 0, 65535), { raw: { ...raw, channels: 3 } })
          .toColourspace('rgb16')
          .png()
          .toBuffer(),
      [76, 29],
      [255, 0, 0, 0, 0, 255],
      [255, 0, 0, 255, 0, 0, 255, 255],
    ],
  ])('%s', async (name, make, grey, rgb, rgba) => {
    const place = join(kinds, name);
    mkdirSync(join(place, 'class'), { recursive: true });
    writeFileSync(join(place, 'class', 'image.png'), await make());
    for (const [channels, expected] of [
      [1, grey],
      [3, rgb],
      [4, rgba],
    ] as const) {
      const { image } = await (await imageFolder(place, { channels })).get(0);
      expect([...image.data]).toEqual(expected);
      expect(image).toMatchObject({ width: 2, height: 1, channels });
    }
  });
});

describe('bad images: the error names the file', () => {
  const bad = join(temporary, 'bad');
  mkdirSync(join(bad, 'class'), { recursive: true });
  test.each<[string, () => Promise<Uint8Array>, RegExp]>([
    [
      'text.jpg',
      async () => Buffer.from('this is no image'),
      /class.text.jpg: not a JPEG, PNG, WebP, GIF, TIFF, BMP or PPM file \(16 bytes\)/,
    ],
    ['empty.png', async () => Buffer.alloc(0), /empty.png: not a JPEG/],
    [
      'vector.png',
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      /vector.png: not a JPEG/,
    ],
    [
      'truncated.jpg',
      async () => (await encoded('jpeg', [9, 8, 7], 300, 300)).subarray(0, 700),
      /truncated.jpg: cannot be decoded/,
    ],
    ['truncated.png', async () => (await noise(100)).subarray(0, 3000), /truncated.png: cannot be decoded/],
    ['header.png', async () => (await encoded('png', [9, 8, 7])).subarray(0, 20), /header.png: cannot be decoded/],
    ['corrupt.png', async () => (await noise(100)).fill(7, 1400, 1600), /corrupt.png: cannot be decoded/],
    ['bomb.png', async () => encoded('png', [0, 0, 0], 2000, 2000), /bomb.png: cannot be decoded .*pixel limit/],
  ])('%s', async (name, bytes, message) => {
    writeFileSync(join(bad, 'class', name), await bytes());
    const dataset = await imageFolder(bad, { maxPixels: 1_000_000 });
    const index = dataset.files.findIndex((file) => file.endsWith(name));
    await expect(async () => dataset.get(index)).rejects.toThrow(message);
    await expect(async () => dataset.get(index)).rejects.toMatchObject({ file: join(bad, 'class', name) });
  });

  function noise(side: number): Promise<Buffer> {
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * i * 7919) >> 5);
    return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer();
  }
});

test('one image by its path', async () => {
  expect(await readImage(join(folder, 'cat', '001.png'), { channels: 4 })).toMatchObject({
    width: 12,
    height: 10,
    channels: 4,
  });
  await expect(readImage(join(folder, 'none.png'))).rejects.toThrow(/none.png: cannot be read/);
  await expect(readImage(join(folder, 'README.md'))).rejects.toThrow(/README.md: not a JPEG/);
});

describe('bad folders and archives', () => {
  const png = encoded('png', [1, 2, 3]);
  async function open(name: string, bytes: Uint8Array) {
    const path = join(temporary, name);
    writeFileSync(path, bytes);
    return imageFolder(path);
  }
  test('no folder, no images, a class without any', async () => {
    await expect(imageFolder(join(temporary, 'nowhere'))).rejects.toThrow(/nowhere: no such folder/);
    mkdirSync(join(temporary, 'empty'));
    await expect(imageFolder(join(temporary, 'empty'))).rejects.toThrow(/empty: no images in folders/);
    const partly = join(temporary, 'partly');
    await makeFolder(partly, ['full'], 1);
    mkdirSync(join(partly, 'void'));
    await expect(imageFolder(partly)).rejects.toThrow(/void: a class without/);
    await expect(imageFolder(zip, { root: 'elsewhere' })).rejects.toThrow(/elsewhere: no images/);
    await expect(imageFolder('animals.tar.gz')).rejects.toThrow(/unpack it to .tar first/);
    await expect(imageFolder(folder, { channels: 2 as 1 })).rejects.toThrow(/channels must be one of 1, 3, 4, got 2/);
  });

  test.each(['../out.png', 'class/../../out.png', '/etc/out.png', 'C:/out.png', 'class\\..\\..\\out.png'])(
    'an entry called %s climbs out of the folder',
    async (path) => {
      const bytes = await png;
      const opening = open(
        'climb.zip',
        zipOf([
          { path: 'class/a.png', bytes },
          { path, bytes },
        ]),
      );
      await expect(opening).rejects.toThrow(DataError);
      await expect(opening).rejects.toThrow(/climb.zip/);
    },
  );

  test('a .tar whose entry climbs out', async () => {
    await create({ file: join(temporary, 'climb.tar'), cwd: folder, preservePaths: true }, ['../animals/cat/000.png']);
    await expect(imageFolder(join(temporary, 'climb.tar'))).rejects.toThrow(
      /climb.tar: the path of its entry '\.\.\/animals.*climbs out/,
    );
  });

  test('corrupt archives', async () => {
    const bytes = await png;
    const good = zipOf([{ path: 'class/a.png', bytes }]);
    await expect(open('cut.zip', good.subarray(0, good.length - 30))).rejects.toThrow(
      /cut.zip: the end of the zip archive is missing: truncated/,
    );
    await expect(open('text.zip', Buffer.from('no zip'))).rejects.toThrow(
      /text.zip: the end of the zip archive is missing/,
    );
    await expect(open('text.tar', Buffer.alloc(1024, 'no tar'))).rejects.toThrow(
      /text.tar: no readable tar: wrong checksum/,
    );
    const half = readFileSync(tar).subarray(0, 1200);
    await expect(open('half.tar', half)).rejects.toThrow(/half.tar: truncated tar/);
    const bomb = await open('bomb.zip', zipOf([{ path: 'class/a.png', bytes, deflated: true, claimedSize: 2 ** 31 }]));
    expect(() => bomb.get(0)).toThrow(
      /bomb.zip.*a.png: it unpacks from \d+ to 2147483648 bytes, too many for an image/,
    );
  });

  test.each([
    ['zip', zip],
    ['tar', tar],
  ])('a .%s with any bytes changed is read, or gives a DataError', async (ending, original) => {
    const bytes = readFileSync(original);
    const path = join(temporary, `changed.${ending}`);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    // The end of a zip is its directory.
    const nearEnd = fc.tuple(fc.integer({ min: bytes.length - 1000, max: bytes.length - 1 }), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(change, nearEnd), { minLength: 1, maxLength: 4 }), async (changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of changes) changed[at] = value;
        writeFileSync(path, changed);
        try {
          const dataset = await imageFolder(path);
          for (let index = 0; index < dataset.length; index++) await dataset.get(index);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('entries that are not what the directory says', async () => {
    const bytes = await png;
    const read = async (entry: Partial<ZipEntry>) =>
      (await open('lie.zip', zipOf([{ path: 'class/a.png', bytes, ...entry }]))).get(0);
    await expect(read({ claimedCrc32: 1 })).rejects.toThrow(/lie.zip.class.a.png: corrupt zip: wrong CRC-32/);
    await expect(read({ deflated: true, claimedSize: bytes.length + 5 })).rejects.toThrow(
      /corrupt zip: \d+ bytes, its directory says/,
    );
    await expect(read({ deflated: true, claimedSize: 10 })).rejects.toThrow(/a.png: cannot be read/);
    const dataset = await open(
      'shrunk.zip',
      zipOf([{ path: 'class/a.png', bytes: Buffer.concat([bytes, Buffer.alloc(5000)]) }]),
    );
    truncateSync(join(temporary, 'shrunk.zip'), 100);
    expect(() => dataset.get(0)).toThrow(/shrunk.zip.class.a.png: truncated: the archive ends after/);
  });
});

const cifar = sharedFile('data/cifar10-jpeg.zip');
test.skipIf(cifar === null)('60,000 JPEGs in a .zip', async () => {
  const dataset = await imageFolder(cifar ?? '', { root: 'test' });
  expect(dataset.length).toBe(10_000);
  expect(dataset.categories).toEqual([
    'airplane',
    'automobile',
    'bird',
    'cat',
    'deer',
    'dog',
    'frog',
    'horse',
    'ship',
    'truck',
  ]);
  expect((await dataset.get(9_999)).image).toMatchObject({ width: 32, height: 32, channels: 3 });
});
