/** docs/environment.md, against the variables that the code reads. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';
import { publishedSources } from '../architecture/imports.js';

const page = readFileSync(join(root, 'docs/environment.md'), 'utf8');

/** The variables in the first column of the tables of a section. */
function listed(section: string): string[] {
  const [, text = ''] = new RegExp(`^## ${section}\n(.*?)(?=^## |$(?![^]))`, 'ms').exec(page) ?? [];
  const rows = [...text.matchAll(/^\| (`.*?`) +\|/gm)].map(([, cell = '']) => cell);
  return rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)).sort();
}

function ours(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => text.match(/\bCNNZOO_[A-Z_]*[A-Z]\b/g) ?? []))].sort();
}

/** Programs below a folder, other than what is installed or built. */
function programs(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|\..*)$/.test(entry.name) ? [] : programs(path);
    return /\.(?:[cm]?ts|[cm]?js|py|sh|yml)$/.test(entry.name) ? [path] : [];
  });
}

const read = (path: string) => readFileSync(path, 'utf8');
const forUsers = ours(publishedPackages().flatMap(({ folder }) => publishedSources(folder).map(read)));
const all = ours(['packages', 'examples', '.github'].flatMap((folder) => programs(join(root, folder)).map(read)));

test('the page lists the variables that published code reads', () => {
  expect(forUsers.length).toBeGreaterThan(5);
  expect(listed('For users').filter((name) => name.startsWith('CNNZOO_'))).toEqual(forUsers);
});

test('the page lists the variables that tests and benchmarks read besides', () => {
  const others = all.filter((name) => !forUsers.includes(name));
  expect(others.length).toBeGreaterThan(5);
  expect(listed('For tests and benchmarks').filter((name) => name.startsWith('CNNZOO_'))).toEqual(others);
});

test("the page's other variables are read or set by published code, or by a dependency's install script", () => {
  const text = publishedPackages()
    .flatMap(({ folder }) => publishedSources(folder).map(read))
    .join('\n');
  const others = listed('For users').filter((name) => !/^CNNZOO_|^ONNXRUNTIME_NODE_INSTALL$/.test(name));
  expect(others.filter((name) => !text.includes(name) && name !== 'TF_PER_DEVICE_MEMORY_LIMIT_MB')).toEqual([]);
});
