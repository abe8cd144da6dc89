/** Every link between files of this repository leads to a file, and to a heading of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';
import { markdownFiles } from './snippets.js';

/** GitHub's name of a heading's place: lower case, spaces as hyphens, and nothing but letters, digits and hyphens. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(markdownFiles())('$path', ({ path }) => {
  const file = join(root, path);
  const text = readFileSync(file, 'utf8').replace(/^```.*?^```/gms, '');
  const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]*))?\)/g)];
  const dead = links.filter(([, target = '', anchor]) => {
    const linked = target === '' ? file : resolve(dirname(file), target);
    if (!existsSync(linked)) return true;
    return anchor !== undefined && !anchors(readFileSync(linked, 'utf8')).includes(anchor);
  });
  expect(dead.map(([link]) => link)).toEqual([]);
});

test('from the README a guide is one click away, and what docs/tasks.md lists two', () => {
  const linked = (path: string) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) =>
      resolve(dirname(join(root, path)), target),
    );
  };
  const guides = readdirSync(join(root, 'docs/guides')).map((name) => join(root, 'docs/guides', name));
  const first = linked('README.md');
  expect(guides.filter((guide) => !first.includes(guide))).toEqual([]);
  expect(first).toContain(join(root, 'docs/tasks.md'));
  const second = linked('docs/tasks.md');
  expect(guides.filter((guide) => !second.includes(guide))).toEqual([]);
  // A page that neither names is found by searching only.
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const found = new Set([...first, ...second]);
  expect(pages.filter((name) => !found.has(join(root, 'docs', name)))).toEqual([]);
});

test('the files that the tour of the engine names are there', () => {
  // The tour names tests, too, and a contract.
  const sources = ['packages/backend-onnx/src', 'packages/internal/contracts/src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
      (path) => `/${path.replaceAll('\\', '/')}`,
    ),
  );
  const named = [...readFileSync(join(root, 'docs/engine.md'), 'utf8').matchAll(/`(?:src\/)?([\w./-]+\.ts)`/g)];
  expect(named.length).toBeGreaterThan(30);
  expect(
    named.map(([, name = '']) => name).filter((name) => !sources.some((path) => path.endsWith(`/${name}`))),
  ).toEqual([]);
});
