/** docs/architecture.md, against the package.json files and the sources: the page is the rule, and this holds everything to it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root, sourcePackages } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';
import { allowedImports, declaredImports, importsOfSources } from './imports.js';
import { packageDiagram, packageGraph } from './package-graph.js';

const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const allowed = allowedImports();
const declared = declaredImports();
const bundled = sourcePackages().map(({ name }) => name.replace('@cnnzoo/', ''));
/** What may know which backend computes. */
const knowsBackends = /^(?:backend-|handover$|quantize$|cnnzoo$)/;

test('the table has every published package, and no other', () => {
  expect([...allowed.keys()].sort()).toEqual([...declared.keys()].sort());
});

test.each([...declared])('the table says what the package.json of %s asks for', (name, imports) => {
  expect([...(allowed.get(name) ?? [])].sort()).toEqual([...imports].sort());
});

test.each(publishedPackages())('the sources of $name import what its row allows', ({ name, folder }) => {
  const row = allowed.get(name.replace('@cnnzoo/', '')) ?? new Set();
  const imports = importsOfSources(folder);
  expect([...imports].filter((imported) => !row.has(imported) && !bundled.includes(imported))).toEqual([]);
});

test('the page names the private packages that become part of others, and tsup bundles them', () => {
  const bundles = readFileSync(join(root, 'packages/internal/tooling/tsup.config.ts'), 'utf8');
  for (const name of bundled) {
    expect(page).toContain(`[\`${name}\`](../packages/internal/${name})`);
    expect(bundles).toContain(`'../internal/${name}/src/index.ts'`);
  }
});

test('imports have one direction', () => {
  const order: string[] = [];
  const visit = (name: string, path: readonly string[]) => {
    expect(path).not.toContain(name);
    if (order.includes(name)) return;
    for (const imported of declared.get(name) ?? []) if (declared.has(imported)) visit(imported, [...path, name]);
    order.push(name);
  };
  for (const name of declared.keys()) visit(name, []);
  expect(order.length).toBe(declared.size);
});

test('only backends, what writes their graphs and the facade know which backend computes', () => {
  const knowing = [...declared].filter(([, imports]) => [...imports].some((imported) => imported.includes('backend-')));
  expect(knowing.map(([name]) => name).filter((name) => !knowsBackends.test(name))).toEqual([]);
});

test('tfjs-core and tfjs-layers are peers, so that an app has one copy', () => {
  const manifests = publishedPackages().map(({ folder }) => readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const text of manifests) {
    const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
    expect(Object.keys(dependencies)).not.toContain('@tensorflow/tfjs-core');
    expect(Object.keys(dependencies)).not.toContain('@tensorflow/tfjs-layers');
  }
});

test('the diagram of the packages is that of their package.json files: run update', () => {
  const [, diagram] = packageDiagram.exec(page) ?? [];
  expect(diagram).toBe(packageGraph());
});
