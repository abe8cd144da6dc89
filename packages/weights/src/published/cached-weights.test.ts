import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cachedDownloads, cachedFile, cachePath, type DownloadOptions } from '../download/weights-cache.js';
import { cachedWeights, clearCachedWeights, downloadWeights, verifyCachedWeights } from './cached-weights.js';
import { describeWeights } from './registry.js';

const content = Buffer.from('weights');
const server = createServer((_, response) => response.end(content));
let options: DownloadOptions;
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'cache-'));
  const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  options = { cacheFolder: folder, mirror, retries: 0, offline: false };
  return () => rmSync(folder, { recursive: true });
});

/** A set whose publisher has no hash: any content is the published one. */
const unhashed = 'resnet18.tv_in1k';

test('what was downloaded is there, whole, until it is removed', async () => {
  expect(await cachedWeights(options)).toEqual([]);
  const file = await downloadWeights(unhashed, options);
  const other = await cachedFile('http://example.org/own.pth', null, options);
  const { url } = describeWeights(unhashed);
  expect(await cachedWeights(options)).toEqual([
    { id: null, url: 'http://example.org/own.pth', file: other, bytes: content.length },
    { id: unhashed, url, file, bytes: content.length },
  ]);
  expect((await verifyCachedWeights(options)).map(({ intact }) => intact)).toEqual([true, true]);
  writeFileSync(file, 'wEights');
  expect((await verifyCachedWeights(options)).map(({ intact }) => intact)).toEqual([true, false]);
  expect(await clearCachedWeights([unhashed], options)).toMatchObject([{ id: unhashed }]);
  expect(existsSync(file)).toBe(false);
  expect(await clearCachedWeights(undefined, options)).toHaveLength(1);
  expect(readdirSync(options.cacheFolder ?? '', { recursive: true })).toEqual(
    expect.arrayContaining(['addresses', 'published']),
  );
  expect(await cachedWeights(options)).toEqual([]);
});

test('a published file of another hash is not whole, and is not downloaded', async () => {
  const { hash } = describeWeights('resnet18.DEFAULT');
  expect(
    createHash('sha256')
      .update(content)
      .digest('hex')
      .startsWith(hash?.prefix ?? ''),
  ).toBe(false);
  await expect(downloadWeights('resnet18.DEFAULT', options)).rejects.toThrow(/hash is .*, expected f37072fd/);
  expect(await cachedWeights(options)).toEqual([]);
});

test('wrong arguments', async () => {
  await expect(downloadWeights('resnet18.V9', options)).rejects.toThrow(RangeError);
  await expect(clearCachedWeights(['resnet18.V9'], options)).rejects.toThrow(RangeError);
  await expect(cachedWeights({ folder: 'x' } as never)).rejects.toThrow(TypeError);
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('which set a file is, is told by its place and not by the note beside it, which whoever wrote the file can write', async () => {
  const set = describeWeights('resnet18.DEFAULT');
  const file = cachePath(set.url, set, options);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  expect(await verifyCachedWeights(options)).toMatchObject([{ id: set.id, url: set.url, intact: false }]);
  const { size, mtimeMs } = statSync(file);
  for (const url of [set.url, 'http://example.org/own.pth', describeWeights(unhashed).url]) {
    writeFileSync(`${file}.json`, JSON.stringify({ url, sha256: sha256(content), size, mtimeMs }));
    expect(await verifyCachedWeights(options)).toMatchObject([{ id: set.id, url: set.url, intact: false }]);
  }
});

test('a published file without a note beside it is whole, as in an image that somebody has built', async () => {
  // The registry's own hashes are of files that are too large for a test.
  const url = 'https://example.org/net.pth';
  const expected = { url, megabytes: null, hash: { algorithm: 'sha256', prefix: sha256(content) } } as const;
  const file = cachePath(url, expected, options);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  const [found] = await cachedDownloads(options, [expected]);
  expect(found).toMatchObject({ url, published: true });
  expect(await found?.isIntact()).toBe(true);
});

test('the file of an address is no set, though the address is that of a set', async () => {
  const { url } = describeWeights('resnet18.DEFAULT');
  await cachedFile(url, null, options);
  expect(await cachedWeights(options)).toMatchObject([{ id: null, url }]);
  expect(await clearCachedWeights(['resnet18.DEFAULT'], options)).toEqual([]);
});
