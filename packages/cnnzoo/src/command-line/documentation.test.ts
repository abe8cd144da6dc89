/** Each call of cnnzoo in the documentation is one that the program takes. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Command } from './command.js';
import { programOf, runProgram } from './commander.js';
import { commands } from './commands.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const pages = [
  'README.md',
  ...readdirSync(`${root}/packages`).map((name) => `packages/${name}/README.md`),
  ...readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
].filter((page) => page.endsWith('.md'));

function textOf(page: string): string {
  try {
    return readFileSync(`${root}/${page}`, 'utf8');
  } catch {
    // A folder without a README, such as the one of private packages.
    return '';
  }
}

const calls = pages.flatMap((page) =>
  [...textOf(page).matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .filter((line) => /^(npx )?cnnzoo /.test(line))
      .map((line) => ({ page, line: line.replace(/\s+#.*$/, '').replace(/ >>? .*$/, '') })),
  ),
);

/** The same commands, which note that they would have run. */
function noting(list: readonly Command[], ran: string[]): Command[] {
  return list.map(({ commands: inner, run, ...command }) => ({
    ...command,
    ...(inner && { commands: noting(inner, ran) }),
    ...(run && {
      run: async () => {
        ran.push(command.name);
        return { text: '', data: null };
      },
    }),
  }));
}

const nowhere = { stdout: { write: () => true }, stderr: { write: () => true } };

function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

async function wouldRun(call: readonly string[]): Promise<string[]> {
  const ran: string[] = [];
  await runProgram(
    programOf(noting(commands, ran), nowhere, () => {}),
    call,
  );
  return ran;
}

test.each(calls)('$page: $line', async ({ line }) => {
  expect(await wouldRun(words(line.replace(/^(npx )?cnnzoo /, '')))).toHaveLength(1);
});

const examples = (list: readonly Command[]): string[] =>
  list.flatMap((command) => [...(command.examples ?? []), ...examples(command.commands ?? [])]);

test.each(examples(commands))('the help: %s', async (line) => {
  expect(await wouldRun(words(line).slice(1))).toHaveLength(1);
});

test('the page has a call of each command', () => {
  const called = new Set(calls.filter(({ page }) => page === 'docs/command-line.md').map(({ line }) => words(line)[1]));
  expect([...called].sort()).toEqual(commands.map(({ name }) => name).sort());
});
