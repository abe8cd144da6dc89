import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { commands } from './commands.js';
import { completionScripts, completionsOf } from './completion.js';
import { networkNames } from './network-names.js';

const folder = mkdtempSync(join(tmpdir(), 'completion-'));
afterAll(() => rmSync(folder, { recursive: true }));

const words = (...line: string[]) => completionsOf(commands, line).map(({ word }) => word);

describe('what is offered', () => {
  test('commands', () => {
    expect(words('')).toEqual(commands.map(({ name }) => name));
    expect(words('re')).toEqual(['recipe']);
    expect(words('weights', 'cl')).toEqual(['clear']);
    expect(words('weights', 'show', 'resnet18.I')).toEqual(['resnet18.IMAGENET1K_V1']);
    expect(words('summary', '--classes', '10', 'resnet1')).toContain('resnet18');
  });

  test('the options of a command', () => {
    expect(words('list', '--')).toEqual(['--family', '--weights', '--json', '--help']);
    expect(words('-')).toEqual(['--help', '--version']);
  });

  test('the values of an option', () => {
    expect(words('list', '--family', 'in')).toEqual(['inception']);
    expect(words('summary', 'lenet5', '--classes', '')).toEqual([]);
  });

  test('networks and recipes', () => {
    expect(words('info', '')).toEqual(networkNames);
    expect(words('recipe', 'vg')).toEqual(['vgg']);
  });

  test('nothing where a file is wanted, so that the shell completes files', () => {
    expect(words('export', 'lenet5', '')).toEqual([]);
    expect(words('nothing', 'like', 'it')).toEqual([]);
  });
});

describe.each(Object.entries(completionScripts))('%s', (shell, script) => {
  const missing = spawnSync(shell, ['-c', 'true']).status !== 0;
  test.skipIf(missing)('reads its script', () => {
    const file = join(folder, shell);
    writeFileSync(file, script);
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

/** What the shells' own lines show, with a program that offers two words. */
const offers = `printf '%s\\n' "$*" > "$ASKED"; printf 'resnet18\\tsmall\\nresnet152\\t\\n'`;
const lines = {
  zsh: (script: string) => `
    _describe() { print -l "\${(@)found}" }
    words=(cnnzoo summary resnet1) CURRENT=3
    compdef() {}
    source ${script}
    _cnnzoo`,
  fish: (script: string) => `source ${script}; complete -C 'cnnzoo summary resnet1'`,
} as const;
const shown = {
  zsh: ['resnet18:small', 'resnet152'],
  fish: ['resnet152', 'resnet18\tsmall'],
} as const;

describe.each(['zsh', 'fish'] as const)('%s', (shell) => {
  const absent = spawnSync(shell, ['-c', 'true']).status !== 0;
  test.skipIf(absent)('shows the words with their descriptions, and asks for those of its line', () => {
    const programs = join(folder, `${shell}-programs`);
    mkdirSync(programs);
    writeFileSync(join(programs, 'cnnzoo'), `#!/bin/sh\n${offers}\n`, { mode: 0o755 });
    const asked = join(programs, 'asked');
    const script = join(programs, 'script');
    writeFileSync(script, completionScripts[shell]);
    const { stdout, stderr } = spawnSync(shell, ['-c', lines[shell](script)], {
      encoding: 'utf8',
      env: { ...process.env, HOME: programs, ASKED: asked, PATH: `${programs}${delimiter}${process.env['PATH']}` },
    });
    expect([stdout.trim().split('\n').sort(), stderr]).toEqual([[...shown[shell]].sort(), '']);
    expect(readFileSync(asked, 'utf8')).toBe('complete -- summary resnet1\n');
  });
});

const bashMissing = spawnSync('bash', ['-c', 'true']).status !== 0;
test.skipIf(bashMissing)('bash takes the words, without their descriptions', () => {
  const test = `
    cnnzoo() { printf '%s\\n' "$*" >&2; printf 'resnet18\\tsmall\\nresnet152\\tlarge\\n'; }
    export -f cnnzoo
    ${completionScripts.bash}
    COMP_WORDS=(cnnzoo summary resnet1); COMP_CWORD=2
    _cnnzoo 2>/dev/null
    printf '%s,' "\${COMPREPLY[@]}"`;
  expect(spawnSync('bash', ['-c', test], { encoding: 'utf8' }).stdout).toBe('resnet18,resnet152,');
});
