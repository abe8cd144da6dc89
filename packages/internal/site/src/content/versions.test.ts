import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { siteVersion } from './site-version.js';
import { newestTags, placeVersion, writeVersions } from './versions.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnnzoo-site-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a build leaves. */
function built(name: string, version: string, base: string): string {
  const site = join(folder, name);
  mkdirSync(site);
  writeFileSync(join(site, 'index.html'), version);
  writeVersions(site, [siteVersion(version, base)]);
  return site;
}

test('older versions stand below the site, and its list has them, the newest first', () => {
  const site = built('site', '1.10.1', '/cnnzoo/');
  for (const version of ['1.9.3', '1.10.1', '0.8.0'])
    placeVersion(site, built(version, version, `/cnnzoo/v${version.replace(/\.\d+$/, '')}/`));
  // Built again: it takes the place of the one before.
  placeVersion(site, built('again', '1.9.4', '/cnnzoo/v1.9/'));
  expect(JSON.parse(readFileSync(join(site, 'versions.json'), 'utf8'))).toEqual([
    { name: 'main, after 1.10.1', path: '' },
    { name: '1.10.1', path: 'v1.10/' },
    { name: '1.9.4', path: 'v1.9/' },
    { name: '0.8.0', path: 'v0.8/' },
  ]);
  expect(readFileSync(join(site, 'v1.9/index.html'), 'utf8')).toBe('1.9.4');
  // The list at the root is the only one.
  expect(readdirSync(join(site, 'v1.9'))).toEqual(['index.html']);
});

test('a build for the root is no older version', () => {
  const site = built('site', '1.0.0', '/');
  expect(() => placeVersion(site, built('other', '0.9.0', '/cnnzoo/'))).toThrow(/--base .*v1\.2/);
});

test('of each minor version the newest release is built', () => {
  const tags = [
    'cnnzoo@0.9.0',
    'cnnzoo@0.9.10',
    'cnnzoo@0.9.9',
    'cnnzoo@0.10.0',
    'cnnzoo@1.0.0-beta.1',
    '@cnnzoo/blocks@0.9.11',
    '',
  ];
  expect(newestTags(tags)).toEqual([
    { tag: 'cnnzoo@0.10.0', path: 'v0.10/' },
    { tag: 'cnnzoo@0.9.10', path: 'v0.9/' },
  ]);
});
