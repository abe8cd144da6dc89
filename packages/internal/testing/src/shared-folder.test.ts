import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { sharedFile } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'shared-'));
writeFileSync(join(folder, 'there.txt'), '');
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['', 'there.txt', join(folder, 'there.txt')],
  ['1', 'there.txt', join(folder, 'there.txt')],
  ['', 'missing.txt', null],
])('with CI "%s", %s is %s', (ci, path, expected) => {
  vi.stubEnv('CI', ci);
  expect(sharedFile(path, folder)).toBe(expected);
});

test('in CI a file that is missing from the data is an error; without the data there is nothing to test', () => {
  vi.stubEnv('CI', '1');
  expect(() => sharedFile('missing.txt', folder)).toThrow(/missing\.txt is missing, although CI is set/);
  expect(sharedFile('missing.txt', join(folder, 'nowhere'))).toBeNull();
});
