import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeAtomically, writeDurably, writeFilesAtomically } from './write.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnnzoo-write-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['a text', 'x'],
  ['bytes', Uint8Array.of(120)],
  ['a function', async (file: { write(text: string): Promise<unknown> }) => void (await file.write('x'))],
] as const)('%s replaces what was there, and nothing else is left', async (_, content) => {
  const path = join(folder, 'a.txt');
  writeFileSync(path, 'before');
  await writeAtomically(path, content);
  expect(readFileSync(path, 'utf8')).toBe('x');
  expect(readdirSync(folder)).toEqual(['a.txt']);
});

test('a link is replaced and not written through', async () => {
  const [victim, path] = [join(folder, 'victim'), join(folder, 'link')];
  writeFileSync(victim, 'mine');
  symlinkSync(victim, path);
  await writeAtomically(path, 'new');
  expect(readFileSync(victim, 'utf8')).toBe('mine');
  expect(readFileSync(path, 'utf8')).toBe('new');
  await expect(writeDurably(path, 'again')).rejects.toThrow('EEXIST');
});

test('of files that belong together none changes where one cannot be written', async () => {
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  writeFileSync(first, 'before');
  const failing = async () => {
    throw new Error('the disk is full');
  };
  await expect(
    writeFilesAtomically([
      { path: first, content: 'after' },
      { path: second, content: failing },
    ]),
  ).rejects.toThrow('the disk is full');
  expect(readFileSync(first, 'utf8')).toBe('before');
  expect(readdirSync(folder)).toEqual(['first']);
});

test('an error names the file that was asked for', async () => {
  const path = join(folder, 'none', 'a.txt');
  await expect(writeAtomically(path, 'x')).rejects.toThrow(`'${path}'`);
  expect(existsSync(path)).toBe(false);
});

test('an error of writing names the file, which the system does not', async () => {
  const path = join(folder, 'a.txt');
  const full = async () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  await expect(writeDurably(path, full)).rejects.toThrow(`ENOSPC: no space left on device, write '${path}'`);
  await expect(writeAtomically(join(folder, 'b.txt'), full)).rejects.toThrow(`write '${join(folder, 'b.txt')}'`);
});
