/** The licences of all that is installed, as pnpm reads them, against those that go with Apache-2.0. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import satisfies from 'spdx-satisfies';
import { beforeAll, expect, test } from 'vitest';
import { root } from './published-packages.js';

/** Of what users install: permissive ones. */
const permissive = ['Apache-2.0', 'MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'CC0-1.0', '0BSD'];
/** Of tools besides: they run here and are part of no package. */
const tools = [...permissive, 'Artistic-2.0', 'CC-BY-3.0', 'MPL-2.0', 'Python-2.0', 'Unlicense', 'WTFPL'];
/** Looked at one by one. */
const exceptions: readonly { readonly name: RegExp; readonly license: string; readonly why: string }[] = [
  {
    name: /^@img\/sharp-(libvips-|wasm|win32)/,
    license: 'LGPL-3.0-or-later',
    why: 'libvips is a shared library of its own, which sharp loads: users can replace it, and no code of it is in ours',
  },
  { name: /^speakingurl$/, license: 'BSD', why: 'a tool; its LICENSE file is the BSD licence of three clauses' },
  {
    name: /^elkjs$/,
    license: 'EPL-2.0',
    why: 'a tool: it lays out the diagrams of the site, and no page has code of it',
  },
  { name: /^spawndamnit$/, license: 'Unknown', why: 'a tool; its LICENSE file is the MIT licence' },
];

interface Installed {
  readonly name: string;
  readonly license: string;
}

async function installed(...options: string[]): Promise<Installed[]> {
  // pnpm itself, where it runs this test, whatever is on the path.
  const pnpm = process.env['npm_execpath'] ?? '';
  const [command, ...before] = /pnpm[^/\\]*$/.test(pnpm) ? [process.execPath, pnpm] : ['pnpm'];
  const { stdout } = await promisify(execFile)(command, [...before, 'licenses', 'list', '--json', ...options], {
    cwd: root,
    maxBuffer: 2 ** 26,
    shell: command === 'pnpm' && process.platform === 'win32',
  });
  return Object.values(JSON.parse(stdout) as Record<string, Installed[]>).flat();
}

function refused(packages: readonly Installed[], allowed: readonly string[]): Installed[] {
  return packages
    .filter(({ name, license }) => {
      if (exceptions.some((exception) => exception.name.test(name) && exception.license === license)) return false;
      try {
        return !satisfies(license, [...allowed]);
      } catch {
        return true; // no SPDX expression
      }
    })
    .map(({ name, license }) => ({ name, license }));
}

let used: Installed[];
let all: Installed[];
beforeAll(async () => {
  used = await installed('--prod');
  all = await installed();
});

test('what users install has a permissive licence', () => {
  expect(used.map(({ name }) => name)).toEqual(expect.arrayContaining(['@tensorflow/tfjs-core', 'onnxruntime-node']));
  expect(refused(used, permissive)).toEqual([]);
});

test('the tools that are used here may be used', () => {
  expect(all.length).toBeGreaterThan(used.length);
  expect(refused(all, tools)).toEqual([]);
});

test('a copyleft licence and an unknown one are refused', () => {
  const names = ['GPL-3.0-only', 'AGPL-3.0-or-later', 'MIT AND GPL-2.0-only', 'SEE LICENSE IN LICENSE', 'Unknown'];
  const packages = names.map((license) => ({ name: 'x', license }));
  expect(refused(packages, tools)).toEqual(packages);
});
