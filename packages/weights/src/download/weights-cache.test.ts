import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FileHash } from './file-hash.js';
import { proxyFor } from './http-download.js';
import { cachedFile, type DownloadOptions, weightsCacheFolder } from './weights-cache.js';

/** 300 KB that no compression could mistake for something else. */
const content = Buffer.concat(Array.from({ length: 10_000 }, (_, i) => createHash('sha256').update(`${i}`).digest()));
const sha256 = createHash('sha256').update(content).digest('hex');
const md5 = createHash('md5').update(content).digest('hex');

type Handler = (request: IncomingMessage, response: ServerResponse, visit: number) => void;
let server: Server;
let origin = '';
let handler: Handler = () => undefined;
let requests: IncomingMessage[] = [];
let folder = '';

/** The whole or the range asked for, as a well-behaved server. */
const serve: Handler = (request, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const ranged = start > 0 && request.headers['if-range'] === '"v1"';
  const body = ranged ? content.subarray(start) : content;
  response.writeHead(ranged ? 206 : 200, {
    etag: '"v1"',
    'content-length': body.length,
    ...(ranged && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  response.end(body);
};

const sizeOf = (suffix: string) => {
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(suffix));
  return name === undefined ? 0 : statSync(join(folder, name)).size;
};

/** Half of what is left; when the client has it on its disk, the connection is gone. */
const cutOff: Handler = async (request, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const end = start + (content.length - start) / 2;
  response.writeHead(start > 0 ? 206 : 200, {
    etag: '"v1"',
    'content-length': content.length - start,
    'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
  });
  response.write(content.subarray(start, end));
  await vi.waitFor(() => expect(sizeOf('.part')).toBe(end), { timeout: 200_000, interval: 5 });
  response.destroy();
};

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  requests = [];
  folder = mkdtempSync(join(tmpdir(), 'cnnzoo-cache-'));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const options = (more: DownloadOptions = {}): DownloadOptions => ({ cacheFolder: folder, retryDelay: 0.01, ...more });
const get = (
  more: DownloadOptions = {},
  hash: Pick<FileHash, 'algorithm' | 'prefix'> | null = { algorithm: 'sha256', prefix: sha256.slice(0, 8) },
) => cachedFile(`${origin}/models/net-${sha256.slice(0, 8)}.pth`, { hash, megabytes: null }, options(more));
const left = () =>
  readdirSync(join(folder, 'published'))
    .map((name) => name.replace(/^[0-9a-f]{16}-net-[0-9a-f]{8}\.pth/, ''))
    .sort();

describe('a download', () => {
  test('comes once, is checked, reports progress and leaves the file and its hash', async () => {
    handler = serve;
    const progress: number[] = [];
    const file = await get({ onProgress: ({ received, total }) => progress.push(received / (total ?? 0)) });
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(progress.at(0)).toBe(0);
    expect(progress.at(-1)).toBe(1);
    expect(await get()).toBe(file);
    expect(requests).toHaveLength(1);
    expect(left()).toEqual(['', '.json']);
    expect(JSON.parse(readFileSync(`${file}.json`, 'utf8'))).toMatchObject({ sha256, size: content.length });
  });

  test('is resumed where it was cut off', async () => {
    handler = (request, response, visit) => (visit < 4 ? cutOff : serve)(request, response, visit);
    const file = await get();
    expect(readFileSync(file).equals(content)).toBe(true);
    const starts = requests.map(({ headers }) => Number(headers.range?.match(/\d+/)?.[0] ?? 0));
    expect(starts).toEqual([0, 1 / 2, 3 / 4, 7 / 8].map((part) => part * content.length));
    expect(left()).toEqual(['', '.json']);
  });

  test('is resumed by the next call, too', async () => {
    handler = cutOff;
    await expect(get({ retries: 0 })).rejects.toThrow(/127.0.0.1/);
    expect(left()).toEqual(['.part', '.part.etag']);
    handler = serve;
    expect(readFileSync(await get()).equals(content)).toBe(true);
    expect(requests[1]?.headers.range).toMatch(/^bytes=[1-9]/);
  });

  test('starts again where the server refuses ranges or has another version', async () => {
    handler = (request, response, visit) => {
      if (visit === 1) return cutOff(request, response, visit);
      response.writeHead(200, { 'content-length': content.length });
      response.end(content);
    };
    expect(readFileSync(await get()).equals(content)).toBe(true);
    expect(requests[1]?.headers.range).toBeDefined();
  });

  test('starts again after 416 and after another range than asked for', async () => {
    for (const [status, range] of [
      [416, 'bytes */5'],
      [206, `bytes 1-${content.length - 1}/${content.length}`],
    ] as const) {
      rmSync(folder, { recursive: true });
      requests = [];
      handler = (request, response, visit) => {
        if (visit === 1) return cutOff(request, response, visit);
        if (request.headers.range === undefined) return serve(request, response, visit);
        response.writeHead(status, { 'content-range': range });
        response.end();
      };
      expect(readFileSync(await get()).equals(content)).toBe(true);
    }
  });

  test('may be slow, but not silent', async () => {
    const stallTimeout = 100;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    /** Lets time pass, once the client waits for what comes next. */
    const pass = (seconds: number, then = () => {}) =>
      setImmediate(() => {
        vi.advanceTimersByTime(1000 * seconds);
        then();
      });

    let sendMore = () => {};
    let sent = 0;
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      sendMore = () => {
        response.write(content.subarray(sent, sent + content.length / 5));
        sent += content.length / 5;
        if (sent === content.length) response.end();
      };
      sendMore();
    };
    const slow = await get({
      stallTimeout,
      onProgress: ({ received }) => {
        if (received === sent && received < content.length) pass(0.9 * stallTimeout, sendMore);
      },
    });
    expect(readFileSync(slow).equals(content)).toBe(true);
    expect(requests).toHaveLength(1);

    rmSync(folder, { recursive: true });
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
    };
    const onProgress: DownloadOptions['onProgress'] = ({ received }) => received === 1000 && pass(stallTimeout);
    await expect(get({ stallTimeout, retries: 1, onProgress })).rejects.toThrow('no bytes in 100 s');
    expect(requests).toHaveLength(3);

    handler = () => pass(stallTimeout);
    await expect(get({ stallTimeout, retries: 0 })).rejects.toThrow('no answer in 100 s');
  });

  test('is tried again after 503 and 429, not after 404', async () => {
    handler = (request, response, visit) => {
      if (visit > 2) return serve(request, response, visit);
      response.writeHead(visit === 1 ? 503 : 429).end();
    };
    await get();
    expect(requests).toHaveLength(3);

    requests = [];
    handler = (_, response) => response.writeHead(404, 'Not Found').end('<html>');
    await expect(cachedFile(`${origin}/none.pth`, null, options())).rejects.toThrow('404 Not Found');
    expect(requests).toHaveLength(1);
  });

  test('gives up when nobody answers, after waits that double', async () => {
    handler = (request) => request.socket.destroy();
    const wait = vi.spyOn(globalThis, 'setTimeout');
    await expect(get({ retries: 2 })).rejects.toThrow(`${origin}/models/net-`);
    expect(requests).toHaveLength(3);
    const waits = wait.mock.calls.map(([, milliseconds]) => milliseconds ?? 0);
    expect(waits.filter((milliseconds) => milliseconds === 10 || milliseconds === 20)).toEqual([10, 20]);

    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(gone.address() as AddressInfo).port}`;
    await new Promise((resolve) => gone.close(resolve));
    await expect(cachedFile(`http://${address}/x.pth`, null, options({ retries: 0 }))).rejects.toThrow(address);
  });
});

describe('the hash', () => {
  test('that is wrong is an error, and nothing is kept', async () => {
    handler = serve;
    await expect(get({}, { algorithm: 'sha256', prefix: '00000000' })).rejects.toThrow(
      `the hash is ${sha256}, expected 00000000`,
    );
    await expect(get({}, { algorithm: 'md5', prefix: '0'.repeat(32) })).rejects.toThrow(md5);
    expect(left()).toEqual([]);
    await get({}, { algorithm: 'md5', prefix: md5 });
  });

  test('of a broken beginning: the download starts anew', async () => {
    handler = cutOff;
    await expect(get({ retries: 0 })).rejects.toThrow();
    const published = join(folder, 'published');
    const partial = join(published, readdirSync(published).find((name) => name.endsWith('.part')) ?? '');
    writeFileSync(partial, Buffer.alloc(statSync(partial).size));
    handler = serve;
    expect(readFileSync(await get()).equals(content)).toBe(true);
  });

  test('comes from the server’s ETag where the registry has none, on the way of redirects, too', async () => {
    const redirecting =
      (tag: string): Handler =>
      (request, response, visit) => {
        if (request.url?.startsWith('/files/')) return serve(request, response, visit);
        response.writeHead(302, { location: '/files/blob', 'x-linked-etag': `"${tag}"`, etag: '"other"' }).end();
      };
    handler = redirecting(sha256);
    expect(readFileSync(await get({}, null)).equals(content)).toBe(true);
    rmSync(folder, { recursive: true });
    handler = redirecting('0'.repeat(64));
    await expect(get({ retries: 0 }, null)).rejects.toThrow('as the server says');
  });

  test('is checked again when the file was touched', async () => {
    handler = serve;
    const file = await get();
    utimesSync(file, new Date(0), new Date(0));
    await get();
    expect(requests).toHaveLength(1);
    writeFileSync(file, Buffer.alloc(content.length));
    await get();
    expect(requests).toHaveLength(2);
    expect(readFileSync(file).equals(content)).toBe(true);
  });
});

test('redirects that never end, or to another protocol', async () => {
  handler = (_, response) => response.writeHead(302, { location: '/again' }).end();
  await expect(get()).rejects.toThrow('more than 10 times');
  handler = (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end();
  await expect(get()).rejects.toThrow('redirects to file:');
});

describe('two at once', () => {
  const slowly: Handler = (request, response, visit) => setTimeout(() => serve(request, response, visit), 300);

  test('in one process', async () => {
    handler = slowly;
    const files = await Promise.all([get(), get(), get()]);
    expect(new Set(files).size).toBe(1);
    expect(requests).toHaveLength(1);
  });

  test('in two processes', async () => {
    handler = slowly;
    const script = `import { cachedFile } from ${JSON.stringify(new URL('weights-cache.ts', import.meta.url).href)};
      console.log(await cachedFile(${JSON.stringify(`${origin}/two.pth`)}, null, { cacheFolder: ${JSON.stringify(folder)} }));`;
    const run = () =>
      new Promise<string>((resolve, reject) => {
        const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
          cwd: fileURLToPath(new URL('../..', import.meta.url)),
        });
        let out = '';
        child.stdout.on('data', (data) => {
          out += String(data);
        });
        child.stderr.on('data', (data) => {
          out += String(data);
        });
        child.on('close', (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(out))));
      });
    const [first, second] = await Promise.all([run(), run()]);
    expect(first).toBe(second);
    expect(readFileSync(first).equals(content)).toBe(true);
    expect(requests).toHaveLength(1);
  });

  test('the lock of a process that died is taken over', async () => {
    handler = serve;
    const file = await get();
    rmSync(file);
    writeFileSync(`${file}.lock`, '');
    utimesSync(`${file}.lock`, new Date(0), new Date(0));
    await get();
    expect(existsSync(`${file}.lock`)).toBe(false);
  });
});

describe('what others do', () => {
  const forged = Buffer.alloc(content.length, 7);

  test('a forged file in the cache is not the published one, whoever has put it there', async () => {
    handler = serve;
    const file = await get();
    writeFileSync(file, forged);
    const { size, mtimeMs } = statSync(file);
    writeFileSync(
      `${file}.json`,
      JSON.stringify({ sha256: createHash('sha256').update(forged).digest('hex'), size, mtimeMs }),
    );
    await expect(get({ offline: true })).rejects.toThrow('what is there has another hash');
    expect(readFileSync(await get()).equals(content)).toBe(true);
  });

  test('the file of an address is not the published one of that address', async () => {
    const url = `${origin}/models/net-${sha256.slice(0, 8)}.pth`;
    handler = (_, response) => response.writeHead(200, { 'content-length': forged.length }).end(forged);
    const own = await cachedFile(url, null, options());
    expect(readFileSync(own).equals(forged)).toBe(true);
    await expect(get({ offline: true })).rejects.toThrow('offline');
    handler = serve;
    const file = await get();
    expect(file).not.toBe(own);
    expect(readFileSync(file).equals(content)).toBe(true);
  });

  test('no link is written through', async () => {
    handler = serve;
    const file = await get();
    const victim = join(folder, 'victim');
    for (const [name, resumes] of [
      [`${file}.part`, true],
      [`${file}.part`, false],
      [`${file}.json`, false],
    ] as const) {
      rmSync(file, { force: true });
      writeFileSync(victim, 'mine');
      rmSync(name, { force: true });
      symlinkSync(victim, name);
      if (resumes) writeFileSync(`${file}.part.etag`, '"v1"');
      expect(readFileSync(await get()).equals(content)).toBe(true);
      expect(readFileSync(victim, 'utf8')).toBe('mine');
    }
  });

  test('a server that compresses although it was not asked to', async () => {
    const packed = gzipSync(content);
    handler = (_, response) =>
      response
        .writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length, etag: '"v1"' })
        .end(packed);
    expect(readFileSync(await get()).equals(content)).toBe(true);
    expect(requests).toHaveLength(1);
  });

  test.each(['gzip', 'identity'])('no more than the published size is written (%s)', async (encoding) => {
    const zeros = Buffer.alloc(8 * 2 ** 20);
    const body = encoding === 'gzip' ? gzipSync(zeros) : zeros;
    handler = (_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body);
    const hash = { algorithm: 'sha256', prefix: sha256 } as const;
    await expect(cachedFile(`${origin}/a.pth`, { hash, megabytes: 1 }, options())).rejects.toThrow(
      'expected at most 1049625',
    );
    expect(requests).toHaveLength(1);
    expect(sizeOf('.part')).toBe(0);
  });

  test.each([
    ['%E0%A4%A', 'a name that is no UTF-8'],
    ['a'.repeat(300), 'a name of 300 letters'],
    ['..%2f..%2fx', 'a name that climbs'],
  ])('%s', async (name) => {
    handler = serve;
    const file = await cachedFile(`${origin}/${name}`, null, options());
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(file.startsWith(join(folder, 'addresses'))).toBe(true);
  });

  test('no address, and a redirect to none', async () => {
    await expect(cachedFile('https://', null, options())).rejects.toThrow("must be an address, got 'https://'");
    handler = (_, response) => response.writeHead(302, { location: 'http://[' }).end();
    await expect(get()).rejects.toThrow("redirects to 'http://[', which is no address");
  });

  test('a cache that cannot be written to serves what has the right hash', async () => {
    handler = serve;
    const [known, unknown] = [await get(), await cachedFile(`${origin}/b.pth`, null, options())];
    for (const file of [known, unknown]) utimesSync(file, new Date(5), new Date(5));
    // In the place of the file that would be written; a folder without permissions does not stop root.
    rmSync(`${unknown}.json`);
    mkdirSync(`${unknown}.json`);
    await expect(cachedFile(`${origin}/b.pth`, null, options({ offline: true }))).rejects.toThrow('offline');
    rmSync(`${unknown}.json`, { recursive: true });
    writeFileSync(`${unknown}.json`, JSON.stringify({ sha256, size: content.length, mtimeMs: 0 }));
    vi.spyOn(process.getBuiltinModule('node:fs/promises'), 'open').mockRejectedValue(new Error('EROFS'));
    expect(await get({ offline: true })).toBe(known);
    expect(await cachedFile(`${origin}/b.pth`, null, options({ offline: true }))).toBe(unknown);
  });
});

describe('the environment', () => {
  test('offline: only what is in the cache', async () => {
    handler = serve;
    await expect(get({ offline: true })).rejects.toThrow('offline');
    vi.stubEnv('CNNZOO_OFFLINE', '1');
    await expect(get()).rejects.toThrow('offline');
    vi.stubEnv('CNNZOO_OFFLINE', '0');
    const file = await get();
    expect(await get({ offline: true })).toBe(file);
    expect(requests).toHaveLength(1);
  });

  test('a mirror has the files under their host and path', async () => {
    handler = serve;
    const file = await cachedFile(
      'https://download.example/models/a.pth',
      null,
      options({ mirror: `${origin}/mirror/` }),
    );
    expect(requests[0]?.url).toBe('/mirror/download.example/models/a.pth');
    vi.stubEnv('CNNZOO_MIRROR', 'http://127.0.0.1:9');
    expect(await cachedFile('https://download.example/models/a.pth', null, options())).toBe(file);
  });

  test('the cache folder', async () => {
    vi.stubEnv('CNNZOO_CACHE', '');
    vi.stubEnv('XDG_CACHE_HOME', '/xdg');
    expect(await weightsCacheFolder()).toBe(join('/xdg', 'cnnzoo', 'weights'));
    vi.stubEnv('XDG_CACHE_HOME', '');
    vi.stubEnv('HOME', '/home/me');
    expect(await weightsCacheFolder()).toBe(join('/home/me', '.cache', 'cnnzoo', 'weights'));
    vi.stubEnv('CNNZOO_CACHE', '/mine');
    expect(await weightsCacheFolder()).toBe('/mine');
    expect(await weightsCacheFolder({ cacheFolder: '/given' })).toBe('/given');
  });

  test('a proxy', async () => {
    handler = serve;
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const { port } = server.address() as AddressInfo;
      const target = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(target).pipe(socket);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
      const file = await cachedFile('http://hub.example/a.pth', null, options());
      expect(readFileSync(file).equals(content)).toBe(true);
      expect(tunnels).toEqual(['hub.example:80']);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  test('which proxy is for which address', () => {
    for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'HTTP_PROXY', 'ALL_PROXY'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('HTTPS_PROXY', 'http://proxy:1');
    vi.stubEnv('NO_PROXY', 'localhost, .internal.example');
    expect(proxyFor(new URL('https://hub.example/a'))).toBe('http://proxy:1');
    expect(proxyFor(new URL('http://hub.example/a'))).toBe(null);
    expect(proxyFor(new URL('https://localhost/a'))).toBe(null);
    expect(proxyFor(new URL('https://a.internal.example/a'))).toBe(null);
    expect(proxyFor(new URL('https://notinternal.example/a'))).toBe('http://proxy:1');
    vi.stubEnv('NO_PROXY', '*');
    expect(proxyFor(new URL('https://hub.example/a'))).toBe(null);
  });
});
