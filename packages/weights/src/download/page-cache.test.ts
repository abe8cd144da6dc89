/** The cache of a page, against a server of this machine. `caches` is a stand-in here; the end-to-end tests have Chromium's. */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { pageCachedFile, pageDownloads } from './page-cache.js';

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3));
const hashOf = (algorithm: 'sha256' | 'md5') => createHash(algorithm).update(content).digest('hex');
const expected = (algorithm: 'sha256' | 'md5', prefix = hashOf(algorithm).slice(0, 8)) => ({
  hash: { algorithm, prefix },
  megabytes: null,
});

let server: Server;
let url = '';
let requests: string[] = [];
let answer: RequestListener;
/** What the page's Cache Storage holds. */
let stored: Map<string, Response>;
const quick = { retryDelay: 0.001, stallTimeout: 0.5 };

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/weights.pth`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  requests = [];
  answer = (_, response) => response.writeHead(200, { 'content-length': content.length }).end(content);
  stored = new Map();
  vi.stubGlobal('caches', {
    open: async () => ({
      match: async (key: string) => stored.get(key)?.clone(),
      put: async (key: string, response: Response) => void stored.set(key, response),
      keys: async () => [...stored.keys()].map((key) => ({ url: key })),
      delete: async (key: string) => stored.delete(key),
    }),
  });
});
afterEach(() => vi.unstubAllGlobals());

/** Whether it is the file: comparing the bytes one by one takes seconds. */
const isWhole = async (file: File) => content.equals(Buffer.from(await file.arrayBuffer()));

test.each(['sha256', 'md5'] as const)('downloads once, tells how far it is, and checks its %s', async (algorithm) => {
  const told: (number | null)[][] = [];
  const onProgress = ({ received, total }: { received: number; total: number | null }) => told.push([received, total]);
  const file = await pageCachedFile(url, expected(algorithm), { ...quick, onProgress });
  expect(await isWhole(file)).toBe(true);
  expect(file.name).toBe(url);
  expect(told[0]).toEqual([0, content.length]);
  expect(told.at(-1)).toEqual([content.length, content.length]);
  expect(await isWhole(await pageCachedFile(url, expected(algorithm), { ...quick, offline: true }))).toBe(true);
  expect(requests).toHaveLength(1);
});

test('refuses what has another hash, and asks once', async () => {
  const wrong = pageCachedFile(url, expected('sha256', '00000000'), quick);
  await expect(wrong).rejects.toThrow(`${url}: the hash is ${hashOf('sha256')}, expected 00000000`);
  answer = (_, response) => response.writeHead(200, { etag: `"${'0'.repeat(64)}"` }).end(content);
  await expect(pageCachedFile(url, null, quick)).rejects.toThrow('as the server says');
  expect(requests).toHaveLength(2);
  expect(stored.size).toBe(0);
});

test('what was damaged in the cache is downloaded again, with a published hash and without', async () => {
  for (const known of [expected('sha256'), null]) {
    await pageCachedFile(url, known, quick);
    const kept = stored.get(url);
    stored.set(url, new Response('damaged', kept === undefined ? {} : { headers: kept.headers }));
    expect((await pageDownloads({}, [])).map(({ bytes }) => bytes)).toEqual([7]);
    await expect(pageCachedFile(url, known, { ...quick, offline: true })).rejects.toThrow('another hash');
    expect(await isWhole(await pageCachedFile(url, known, quick))).toBe(true);
    const [download] = await pageDownloads({}, known === null ? [] : [{ ...known, url }]);
    expect([await download?.isIntact(), download?.published]).toEqual([true, known !== null]);
    await download?.remove();
    expect(stored.size).toBe(0);
  }
});

test('tries again what another attempt may mend, and nothing else', async () => {
  const answers: RequestListener[] = [
    (_, response) => response.writeHead(503).end(),
    (request, response) => {
      response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 1000));
      setImmediate(() => request.socket.destroy());
    },
    answer,
  ];
  answer = (request, response) => answers.shift()?.(request, response);
  expect(await isWhole(await pageCachedFile(url, expected('sha256'), quick))).toBe(true);
  expect(requests).toHaveLength(3);

  answer = (_, response) => response.writeHead(404).end();
  await expect(pageCachedFile(`${url}.no`, null, quick)).rejects.toThrow('the server answered 404');
  answer = (request) => request.socket.destroy();
  await expect(pageCachedFile(`${url}.no`, null, quick)).rejects.toThrow(/no connection, or the server does not allow/);
  expect(requests).toHaveLength(5);
});

test('a server that falls silent is given up', async () => {
  answer = (_, response) => void response.writeHead(200).write('x');
  const silent = pageCachedFile(url, null, { stallTimeout: 0.05, retries: 0 });
  await expect(silent).rejects.toThrow(`${url}: no bytes in 0.05 s`);
});

test('more than the publisher says is not kept', async () => {
  const small = { hash: null, megabytes: 0.1 };
  await expect(pageCachedFile(url, small, quick)).rejects.toThrow(/expected at most 105907$/);
  expect(stored.size).toBe(0);
});

test('a page without Cache Storage downloads each time; a folder is Node’s', async () => {
  vi.stubGlobal('caches', undefined);
  for (let i = 0; i < 2; i++) expect(await isWhole(await pageCachedFile(url, null, quick))).toBe(true);
  expect(requests).toHaveLength(2);
  await expect(pageCachedFile(url, null, { cacheFolder: 'x' })).rejects.toThrow(/cacheFolder needs Node/);
});

test('a mirror has the file under its host and path', async () => {
  const { origin } = new URL(url);
  await pageCachedFile('https://example.org/a/b.pth', expected('sha256'), { ...quick, mirror: `${origin}/weights/` });
  expect(requests).toEqual(['/weights/example.org/a/b.pth']);
  expect([...stored.keys()]).toEqual(['https://example.org/a/b.pth']);
});
