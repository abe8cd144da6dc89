import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sharedFile } from '@cnnzoo/testing';
import fc from 'fast-check';
import { create } from 'tar';
import { describe, expect, test } from 'vitest';
import { encoded } from '../fixtures/images.js';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { zipOf } from '../fixtures/zip-writer.js';
import { type ImageFolder, type ImageFolderOptions, imageFolder } from './image-folder.js';

const temporary = temporaryFolder();
const image = await encoded('png', [1, 2, 3]);

/** Makes files, and folders where the path ends in a slash. */
function make(paths: readonly string[]): string {
  const folder = mkdtempSync(join(temporary, 'tree-'));
  for (const path of paths) {
    const place = join(folder, path);
    mkdirSync(path.endsWith('/') ? place : dirname(place), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(place, image);
  }
  return folder;
}

/** All that decides what is trained on, or the error without its file. */
async function facts(opening: Promise<ImageFolder>, place: string) {
  try {
    const { categories, labels, files, leftOut } = await opening;
    return {
      categories,
      labels: [...labels],
      files: files.map((file) => relative(place, file)),
      leftOut: [...leftOut]
        .sort((a, b) => (a.reason < b.reason ? -1 : 1))
        .map(({ reason, count }) => ({ reason, count })),
    };
  } catch (error) {
    return (error as Error).message.replaceAll(place, '').replace(/; left out: .*/, '');
  }
}

const name = fc.constantFrom(
  'a',
  'b',
  'a b',
  'a-b',
  'A',
  '.git',
  '.ipynb_checkpoints',
  '1',
  '10',
  '2',
  '\u{1f600}',
  '\uff21',
  'dir.jpg',
  'e\u0301',
);
const file = fc.constantFrom(
  'x.png',
  'x.JPG',
  'y.jpeg',
  '.hidden.png',
  '._x.png',
  'notes.txt',
  'z.bmp',
  'z.svg',
  '\u{1f600}.png',
  '\uff21.png',
  '10.png',
  '9.png',
);
const path = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, file).map((parts) => parts.join('/')) },
  { weight: 2, arbitrary: fc.tuple(name, name, file).map((parts) => parts.join('/')) },
  { weight: 1, arbitrary: name.map((folder) => `${folder}/`) },
  { weight: 1, arbitrary: file },
);

test('a folder, a .zip and a .tar of it have the same classes, images, order, left-out files and errors', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { minLength: 1, maxLength: 14 }), async (paths) => {
      const folder = make(paths);
      const zip = `${folder}.zip`;
      const shuffled = [...paths].reverse();
      writeFileSync(
        zip,
        zipOf(shuffled.map((path) => ({ path, bytes: path.endsWith('/') ? new Uint8Array() : image }))),
      );
      const tar = `${folder}.tar`;
      await create({ file: tar, cwd: folder }, ['.']);
      const expected = await facts(imageFolder(folder), folder);
      expect(await facts(imageFolder(zip), zip)).toEqual(expected);
      expect(await facts(imageFolder(tar), tar)).toEqual(expected);
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 60 },
  );
});

test('classes, folders and names are in the order of their code points, a folder before the folders in it', async () => {
  const folder = make([
    '\u{1f600}/a.png',
    '\uff21/a.png',
    'a b/a.png',
    'a/z.png',
    'a/b/a.png',
    'a/b.png',
    'a-b/a.png',
    'B/a.png',
    'a/b-c/a.png',
  ]);
  const { categories, files } = await imageFolder(folder);
  // Python's sorted(): 'B' < 'a' < 'a b' < 'a-b' < '\uff21' < '\U0001f600'
  expect(categories).toEqual(['B', 'a', 'a b', 'a-b', '\uff21', '\u{1f600}']);
  expect(files.filter((file) => relative(folder, file).startsWith('a/')).map((file) => relative(folder, file))).toEqual(
    ['a/b.png', 'a/z.png', 'a/b/a.png', 'a/b-c/a.png'],
  );
});

describe('symbolic links', () => {
  test('to classes, folders and files are followed, as by torchvision', async () => {
    const real = make(['a/x.png', 'b/x.png', 'more/deep/y.png']);
    const folder = make(['c/x.png']);
    symlinkSync(join(real, 'a'), join(folder, 'a'));
    symlinkSync(join(real, 'b'), join(folder, 'b'));
    symlinkSync(join(real, 'more'), join(folder, 'c', 'more'));
    symlinkSync(join(real, 'a', 'x.png'), join(folder, 'c', 'link.png'));
    const { categories, files, labels } = await imageFolder(folder);
    expect(categories).toEqual(['a', 'b', 'c']);
    expect([...labels]).toEqual([0, 1, 2, 2, 2]);
    expect(files.map((file) => relative(folder, file))).toEqual([
      'a/x.png',
      'b/x.png',
      'c/link.png',
      'c/x.png',
      'c/more/deep/y.png',
    ]);
  });

  test('to nothing, and round in a circle, are counted', async () => {
    const folder = make(['a/x.png', 'a/deep/y.png']);
    symlinkSync(join(folder, 'nowhere.png'), join(folder, 'a', 'z.png'));
    symlinkSync(join(folder, 'a'), join(folder, 'a', 'deep', 'round'));
    symlinkSync(folder, join(folder, 'a', 'root'));
    const { files, leftOut } = await imageFolder(folder);
    expect(files).toHaveLength(2);
    expect(leftOut).toEqual([{ reason: 'a link to nothing', count: 3, example: expect.any(String) }]);
  });

  test('in a .tar are the files that they lead to', async () => {
    const folder = make(['a/x.png', 'b/y.png']);
    symlinkSync('x.png', join(folder, 'a', 'link.png'));
    symlinkSync('a', join(folder, 'c'));
    symlinkSync('/etc', join(folder, 'd'));
    await create({ file: `${folder}.tar`, cwd: folder }, ['a', 'b', 'c', 'd']);
    const dataset = await imageFolder(`${folder}.tar`);
    expect(dataset.categories).toEqual(['a', 'b', 'c']);
    expect(dataset.files.map((file) => relative(`${folder}.tar`, file))).toEqual([
      'a/link.png',
      'a/x.png',
      'b/y.png',
      'c/link.png',
      'c/x.png',
    ]);
    expect((await dataset.get(0)).image.data).toEqual((await dataset.get(1)).image.data);
    expect(dataset.leftOut).toEqual([{ reason: 'a link to nothing', count: 1, example: 'd' }]);
  });
});

describe('what is left out is counted', () => {
  test('by its reason, with an example', async () => {
    const folder = make([
      'a/x.png',
      'a/.hidden.png',
      '.git/x.png',
      'a/notes.txt',
      'a/x.svg',
      'README.md',
      'a/dir.jpg/deep.png',
    ]);
    const { leftOut, files } = await imageFolder(folder);
    expect(files).toHaveLength(2);
    expect([...leftOut].sort((a, b) => a.count - b.count)).toEqual([
      { reason: 'in no class', count: 1, example: 'README.md' },
      { reason: 'hidden', count: 2, example: expect.any(String) },
      { reason: 'no image by its name', count: 2, example: expect.stringMatching(/^a/) },
    ]);
  });

  test('and said where nothing is left', async () => {
    await expect(imageFolder(make(['a/x.avif', 'a/.x.png']))).rejects.toThrow(
      /no images .*1 no image by its name, such as 'a.x\.avif'|a class without images/,
    );
  });
});

describe('classes', () => {
  const folder = make(['10/x.png', '2/x.png']);

  test('in their order; one may have no images', async () => {
    const classes = Array.from({ length: 11 }, (_, i) => String(i));
    const dataset = await imageFolder(folder, { classes });
    expect(dataset.categories).toEqual(classes);
    expect([...dataset.labels]).toEqual([2, 10]);
  });

  test.each<[ImageFolderOptions, RegExp]>([
    [{ classes: ['2'] }, /10: a class that is not among the 1 given/],
    [{ classes: ['2', '2', '10'] }, /classes must have each name once, got '2' twice/],
    [{ classes: [] }, /classes must be/],
    [{ classes: '2' as never }, /classes must be/],
    [{ root: '../x' }, /root must be a folder inside/],
    [{ clases: ['2'] } as never, /imageFolder has no option 'clases': did you mean 'classes'\?/],
    [{ maxPixels: 0 }, /maxPixels must be/],
    [{ limits: { memory: -1 } }, /limits.memory must be/],
  ])('%j', async (options, message) => {
    await expect(imageFolder(folder, options)).rejects.toThrow(message);
  });
});

describe('a list of labels', () => {
  const folder = make(['1.png', 'deep/2.png', '3, or "4".png']);
  const rows = [
    ['deep/2.png', 'dog'],
    ['1.png', 'cat'],
    ['3, or "4".png', 'dog'],
  ];
  const csv = rows.map(([file = '', label]) => `"${file.replaceAll('"', '""')}",${label}`);
  const zip = `${folder}.zip`;
  writeFileSync(zip, zipOf(rows.map(([path = '']) => ({ path: `all/${path}`, bytes: image }))));

  test.each<[string, string]>([
    ['CSV', csv.join('\n')],
    [
      'CSV with titles, further columns and Windows line ends',
      ['file,label,note', ...csv.map((row) => `${row},x`), ''].join('\r\n'),
    ],
    ['CSV with a byte order mark', `\ufeff${csv.join('\n')}\n\n`],
    ['a JSON object', JSON.stringify(Object.fromEntries(rows))],
    ['a JSON list', JSON.stringify(rows.map(([file, label]) => ({ file, label })))],
  ])('%s', async (_, text) => {
    for (const [place, root] of [
      [folder, ''],
      [zip, 'all'],
    ] as const) {
      const dataset = await imageFolder(place, { root, labels: Buffer.from(text) });
      expect(dataset.categories).toEqual(['cat', 'dog']);
      expect([...dataset.labels]).toEqual([1, 0, 1]);
      expect(dataset.files.map((file) => relative(join(place, root), file))).toEqual(rows.map(([file]) => file));
      expect((await dataset.get(2)).image.width).toBe(12);
    }
  });

  test.each<[string, ImageFolderOptions, RegExp]>([
    ['1.png,cat', { classes: ['dog'] }, /the class 'cat' of '1.png' is not among the 1 given/],
    ['1.png', {}, /line 1 must have a path and a class/],
    ['1.png,cat\n2.png,', {}, /line 2 must have a path and a class/],
    ['../1.png,cat', {}, /'\.\.\/1.png' climbs out/],
    [`${'../'.repeat(2 ** 20)}1.png,cat`, {}, /a path of 3145733 characters/],
    ['file,label', {}, /a list without images/],
    ['{"1.png": null}', {}, /entry 0 must have a path and a class/],
    ['{"1.png"', {}, /the list is not JSON/],
    ['"1.png,cat', {}, /line 1 is no CSV/],
  ])('%j', async (text, options, message) => {
    await expect(imageFolder(folder, { ...options, labels: Buffer.from(text) })).rejects.toThrow(message);
  });

  test('whose image an archive lacks', async () => {
    await expect(imageFolder(zip, { labels: Buffer.from('all/9.png,cat') })).rejects.toThrow(
      /there is no 'all\/9.png' in/,
    );
  });
});

describe('an archive from anywhere gives the same images', () => {
  const folder = make(['a/x.png', 'b/y.png']);
  const zip = zipOf(['b/y.png', 'a/x.png'].map((path) => ({ path, bytes: image, deflated: true })));
  const path = join(folder, 'archive.zip');
  writeFileSync(path, zip);
  const shared = new Uint8Array(new SharedArrayBuffer(zip.length));
  shared.set(zip);
  const shifted = Buffer.alloc(zip.length + 13, 7);
  shifted.set(zip, 13);
  const sources = {
    path,
    'file URL': pathToFileURL(path),
    Buffer: zip,
    'Buffer at an odd offset': shifted.subarray(13),
    Uint8Array: new Uint8Array(zip),
    ArrayBuffer: new Uint8Array(zip).buffer,
    SharedArrayBuffer: shared.buffer,
    Blob: new Blob([new Uint8Array(zip)]),
    reader: { size: zip.length, read: async (offset: number, length: number) => zip.subarray(offset, offset + length) },
  };

  test.each(Object.entries(sources))('%s', async (_, source) => {
    const before = Buffer.from(zip);
    const dataset = await imageFolder(source);
    expect(dataset.categories).toEqual(['a', 'b']);
    for (const index of [0, 1]) expect([...(await dataset.get(index)).image.data.subarray(0, 3)]).toEqual([1, 2, 3]);
    expect(zip.equals(before)).toBe(true);
    expect(shifted.subarray(0, 13).every((byte) => byte === 7)).toBe(true);
  });

  test('what is no source is a TypeError', async () => {
    for (const wrong of [undefined, null, 7, {}, []])
      await expect(imageFolder(wrong as never)).rejects.toThrow(TypeError);
  });
});

const cases = ['f-hid.zip', 'f-empty.zip', 'f-txtlzma.zip', 'f-glob.tar'].map(
  (name) => [name, sharedFile(`cases/${name}`)] as const,
);
describe.skipIf(cases.some(([, file]) => file === null))('files that people had trouble with', () => {
  test.each(cases)('%s', async (name, file) => {
    const opening = imageFolder(file ?? '');
    if (name === 'f-empty.zip') await expect(opening).rejects.toThrow(/a class without images/);
    else {
      const dataset = await opening;
      expect(dataset.categories.some((category) => category.startsWith('.'))).toBe(false);
      expect((await dataset.get(0)).image.width).toBeGreaterThan(0);
    }
  });
});
