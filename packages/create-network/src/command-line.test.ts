import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommandLine } from './command-line.js';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'cnnzoo-create-'));
  folder = join(parent, 'tinynet');
});
afterEach(() => rmSync(parent, { recursive: true }));

/** Runs the command and types the answers, one whenever the terminal waits. */
async function run(words: readonly string[], answers: readonly string[] | null = null) {
  const stream = () => Object.assign(new PassThrough(), { isTTY: answers !== null, columns: 80, setRawMode: () => {} });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  const running = runCommandLine(words, { stdin, stdout, stderr } as unknown as NodeJS.Process);
  for (const answer of answers ?? []) {
    // A question is there once it has been drawn.
    for (let drawn = -1; stdout.readableLength !== drawn; await setTimeout(20)) drawn = stdout.readableLength;
    stdin.write(answer);
  }
  const code = await running;
  return { code, printed: String(stdout.read() ?? ''), error: String(stderr.read() ?? '') };
}

const all = ['--license', 'MIT', '--author', 'Ada Lovelace'];

test('writes the package that the words name, and says how to go on', async () => {
  const { code, printed, error } = await run([
    folder,
    ...all,
    '--package-name',
    '@ada/tinynet',
    '--repository',
    'ada/net',
  ]);
  expect([code, error]).toEqual([0, '']);
  expect(printed).toMatch(/tinynet: 11 files in .*tinynet\n.*cd .*\n {2}npm install\n {2}npm test/s);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: '@ada/tinynet', license: 'MIT', author: 'Ada Lovelace' });
  expect(manifest.repository.url).toBe('git+https://github.com/ada/net.git');
});

test('asks nobody where there is no terminal', async () => {
  const { code, error } = await run([folder]);
  expect(code).toBe(2);
  expect(error).toBe("missing: --license (one of 'Apache-2.0', 'MIT', 'UNLICENSED'), --author (a name on one line)\n");
  expect(existsSync(folder)).toBe(false);
});

test.each([
  [['--license', 'GPL'], /^--license must be one of 'Apache-2.0', 'MIT', 'UNLICENSED', got 'GPL'\n$/],
  [['--package-name', 'A B'], /^--package-name must be a name that npm takes/],
  [['--repository', 'x'], /^--repository must be OWNER\/NAME/],
  [['--licence', 'MIT'], /unknown option '--licence'\n\(Did you mean --license\?\)/],
  [['another'], /too many arguments/],
])('refuses %j', async (words, message) => {
  const { code, error } = await run([folder, ...words]);
  expect(code).toBe(2);
  expect(error).toMatch(message);
  expect(existsSync(folder)).toBe(false);
});

test('a folder whose name is none of a package needs another', async () => {
  const { code, error } = await run([join(parent, 'TinyNet'), ...all]);
  expect(code).toBe(2);
  expect(error).toMatch(/^the name of FOLDER, unless --package-name is given, must be .*, got 'TinyNet'\n$/);
});

test.each([[['--help']], [['--version']]])('%j', async (words) => {
  const { code, printed } = await run(words);
  expect(code).toBe(0);
  expect(printed).toMatch(words[0] === '--help' ? /--package-name <name>/ : /^\d+\.\d+\.\d+/);
});

test('on a terminal, asks for what is left out, and again where an answer is wrong', async () => {
  const down = '\u001b[B';
  const { code, printed } = await run(
    [folder],
    // The name that the folder has; no author, then one; the second licence; a repository.
    ['\r', '\r', 'Ada Lovelace\r', down, '\r', 'ada/tinynet\r'],
  );
  expect(code).toBe(0);
  expect(printed).toContain('the author must be a name on one line');
  expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).toMatchObject({
    name: 'tinynet',
    license: 'MIT',
    author: 'Ada Lovelace',
    repository: { url: 'git+https://github.com/ada/tinynet.git' },
  });
});

test('Ctrl-C ends it before anything is written', async () => {
  const { code } = await run([folder], ['\r', '\u0003']);
  expect(code).toBe(130);
  expect(existsSync(folder)).toBe(false);
});
