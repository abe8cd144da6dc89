import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CreateNetworkOptions, createNetwork } from './index.js';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'cnnzoo-create-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

const rest = { license: 'MIT', author: 'Ada Lovelace' } as const;

test('writes the package into a folder that it makes, and names it after the folder', () => {
  const folder = join(parent, 'deep/tinynet');
  const made = createNetwork({ folder, ...rest });
  expect(made).toMatchObject({ folder, packageName: 'tinynet', functionName: 'tinynet' });
  expect(made.files.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  expect(readFileSync(join(folder, 'src/tinynet.ts'), 'utf8')).toContain('export function tinynet(');
});

test('writes into a repository that has no commit yet', () => {
  mkdirSync(join(parent, '.git'));
  expect(createNetwork({ folder: parent, packageName: '@ada/tinynet', ...rest }).packageName).toBe('@ada/tinynet');
});

test('leaves alone what is there', () => {
  writeFileSync(join(parent, 'README.md'), 'mine');
  for (const folder of [parent, join(parent, 'README.md'), join(parent, 'README.md/tinynet')])
    expect(() => createNetwork({ folder, packageName: 'tinynet', ...rest })).toThrow(
      /^folder must be the path of a folder that is not there yet, or is empty, got '.*(cnnzoo-create|README)/,
    );
  expect(() => createNetwork({ folder: parent, packageName: 'tinynet', ...rest })).toThrow(RangeError);
  expect(readFileSync(join(parent, 'README.md'), 'utf8')).toBe('mine');
  expect(existsSync(join(parent, 'package.json'))).toBe(false);
});

test.each([
  [{ folder: '' }, RangeError, /^folder must be /],
  [{ folder: 3 }, TypeError, /^folder must be .*, got 3$/],
  [
    { folder: 'TinyNet' },
    RangeError,
    /^the folder's name, unless packageName is given, must be a name that npm takes .*, got 'TinyNet'$/,
  ],
  [{ packageName: 'http' }, RangeError, /^packageName must be .*, got 'http'$/],
  [{ packageName: '../evil' }, RangeError, /^packageName must be /],
  [{ packageName: '@ada/-' }, RangeError, /^packageName must be /],
  [{ license: 'GPL-3.0' }, RangeError, /^license must be one of 'Apache-2.0', 'MIT', 'UNLICENSED', got 'GPL-3.0'$/],
  [{ license: undefined }, TypeError, /^license must be /],
  [{ author: 'Ada\nLovelace' }, RangeError, /^author must be a name on one line, got /],
  [{ author: ' ' }, RangeError, /^author must be /],
  [
    { repository: 'https://github.com/ada/tinynet' },
    RangeError,
    /^repository must be OWNER\/NAME of a repository on GitHub, got /,
  ],
  [{ licence: 'MIT' }, TypeError, /no option 'licence': did you mean 'license'\?$/],
])('refuses %j before it writes', (wrong, type, message) => {
  const before = process.cwd();
  process.chdir(parent);
  try {
    const call = () => createNetwork({ folder: 'tinynet', ...rest, ...wrong } as CreateNetworkOptions);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
    expect(existsSync('tinynet')).toBe(false);
    expect(existsSync('TinyNet')).toBe(false);
  } finally {
    process.chdir(before);
  }
});
