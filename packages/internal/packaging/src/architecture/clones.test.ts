/** Code that stands in two packages has one home, or says beside itself why it has two. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';
import { type Clone, clonesIn } from './clones.js';

const folders = ['packages', 'packages/internal'].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
);
const sources = folders
  .filter((folder) => folder !== 'packages/internal')
  .flatMap((folder) =>
    ['src', 'programs', 'conformance']
      .map((part) => `${folder}/${part}`)
      .filter((path) => existsSync(join(root, path)))
      .flatMap((path) =>
        readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).map((file) => ({
          folder,
          path: `${path}/${file.replaceAll('\\', '/')}`,
        })),
      ),
  )
  .filter(({ path }) => /\.[cm]?[jt]s$/.test(path) && !/\.test\.ts$|\/dist\//.test(path))
  .map(({ folder, path }) => ({ folder, path, text: readFileSync(join(root, path), 'utf8') }));

const folderOf = (path: string) => sources.find((source) => source.path === path)?.folder ?? '';

/** `Repeated in @cnnzoo/vgg and @cnnzoo/resnet: why`, in the lines of one of the two places or in the eight before. */
function hasReason({ places }: Clone): boolean {
  return places.some(({ path, start, end }, i) => {
    const lines = sources.find((source) => source.path === path)?.text.split('\n') ?? [];
    const beside = lines.slice(Math.max(0, start - 9), end).join('\n');
    const [, other = ''] = /([^/]+)$/.exec(folderOf(places[1 - i]?.path ?? '')) ?? [];
    return new RegExp(`Repeated in (@cnnzoo/[a-z-]+ and )*@cnnzoo/${other}( and @cnnzoo/[a-z-]+)*[,:] \\S`).test(
      beside,
    );
  });
}

const describe = ({ places }: Clone) => places.map(({ path, start, end }) => `${path}:${start}-${end}`).join(' ~ ');

test('no six lines stand in two packages without a reason beside them', () => {
  expect(sources.length).toBeGreaterThan(500);
  const clones = clonesIn(sources);
  expect(clones.filter((clone) => !hasReason(clone)).map(describe)).toEqual([]);
  // The detector finds what is there: networks are written out.
  expect(clones.length).toBeGreaterThan(0);
});

test.each([
  ['six lines in two folders', 6, ['one', 'other'], 1],
  ['five lines', 5, ['one', 'other'], 0],
  ['six lines twice in one folder', 6, ['one', 'one'], 0],
  ['six lines in three folders', 6, ['one', 'other', 'third'], 3],
] as const)('of %s', (_, lines, folders, expected) => {
  const repeated = Array.from({ length: lines }, (_, i) => `  total += values[${i}] * weights[${i}]; // ${i}`);
  const clones = clonesIn(
    folders.map((folder, index) => ({
      folder,
      path: `${folder}/${index}.ts`,
      text: [`before${index}`, '', ...repeated, `after${index}`].join('\n'),
    })),
  );
  const places = clones.flatMap((clone) => clone.places.map(({ start, end }) => [start, end]));
  expect(places).toEqual(Array.from({ length: 2 * expected }, () => [3, 2 + lines]));
});
