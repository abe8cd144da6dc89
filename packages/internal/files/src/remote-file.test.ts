/** A server whose connections are cut at drawn bytes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { remoteFile } from './remote-file.js';
import { openSource } from './source.js';

const file = Uint8Array.from({ length: 3000 }, (_, i) => (i * i) % 251);
let requests: IncomingMessage[] = [];
/** How the server answers. */
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
const server = createServer((request, response) => {
  requests.push(request);
  answer(request, response);
});
let base = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = [];
});

/** Sends the file, or the range that is asked for, and ends the connection after as many bytes as the next of `cuts` says. */
function sendFile({ ranges = true, cuts = [] as number[], etag = '"1"' } = {}): typeof answer {
  const left = [...cuts];
  return ({ headers }, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    const start = ranges ? Number(first ?? 0) : 0;
    const end = ranges && last ? Math.min(file.length, Number(last) + 1) : file.length;
    const partial = ranges && first !== undefined;
    response.writeHead(partial ? 206 : 200, {
      'content-length': end - start,
      etag,
      ...(partial && { 'content-range': `bytes ${start}-${end - 1}/${file.length}` }),
    });
    const cut = left.shift();
    if (cut === undefined || start + cut >= end) return response.end(file.subarray(start, end));
    response.write(file.subarray(start, start + cut), () => response.destroy());
    return response;
  };
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

test('a file whose connections are cut anywhere is read to its end, each byte once, from any byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 5 }),
      fc.nat(file.length),
      fc.nat(file.length),
      async (ranges, cuts, a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        // A server without ranges begins again, and is cut a little later each time: an attempt that brings nothing waits before the next.
        const after = cuts.map((cut, i) => (ranges ? cut : cuts.slice(0, i).reduce((x, y) => x + y, start + cut)));
        answer = sendFile({ ranges, cuts: after });
        expect(await all(remoteFile(base).stream(start, end))).toEqual(Buffer.from(file.subarray(start, end)));
        answer = sendFile({ ranges, cuts: after });
        if (start < file.length)
          expect(await all(remoteFile(base).stream(start))).toEqual(Buffer.from(file.subarray(start)));
      },
    ),
    { numRuns: 40 },
  );
});

test('it is resumed at the byte where it was cut, and its length is asked without reading it', async () => {
  answer = sendFile({ cuts: [1000, 500] });
  const { size, read } = remoteFile(base);
  expect(await read(100, 2900)).toEqual(file.subarray(100));
  expect(requests.map(({ headers }) => headers.range)).toEqual([
    'bytes=100-2999',
    'bytes=1100-2999',
    'bytes=1600-2999',
  ]);
  expect(await size()).toBe(3000);
  expect(requests.at(-1)?.method).toBe('GET');
});

test('a file that changes on the server in between is no longer read', async () => {
  answer = sendFile({ cuts: [10] });
  const { stream } = remoteFile(`${base}/a.tar`);
  await expect(
    (async () => {
      for await (const _ of stream()) answer = sendFile({ etag: '"2"' });
    })(),
  ).rejects.toThrow(`${base}/a.tar: it has changed on the server`);
});

test('answers that another attempt may change are asked for again, others are not', async () => {
  const statuses = [503, 429, 200];
  answer = (request, response) => {
    const status = statuses.shift() ?? 404;
    if (status === 200) sendFile()(request, response);
    else response.writeHead(status).end();
  };
  expect(await all(remoteFile(base).stream())).toEqual(Buffer.from(file));
  await expect(remoteFile(base).size()).rejects.toThrow('the server answered 404 Not Found');
  expect(requests).toHaveLength(4);
});

test('keys to what is behind an address reach the server and no error', async () => {
  const secret = 'X-Amz-Signature=5ec2e7&part=1';
  const address = `${base.replace('//', '//user:pa%23ss@')}/a.tar?${secret}`;
  answer = (_, response) => response.writeHead(403).end();
  const failures = [
    await remoteFile(address)
      .size()
      .catch((error: Error) => error),
    await openSource(address).catch((error: Error) => error),
    await all(remoteFile(`http://127.0.0.1:1/a.tar?${secret}`, { attempts: 2 }).stream()).catch(
      (error: Error) => error,
    ),
  ];
  for (const failure of failures) {
    expect(String(failure)).toMatch(/127.0.0.1:\d+\/a\.tar\?…: /);
    expect(String(failure)).not.toMatch(/5ec2e7|pa%23ss|pa#ss/);
  }
  expect(requests.map(({ url }) => url)).toEqual([`/a.tar?${secret}`, `/a.tar?${secret}`]);
  expect(requests[0]?.headers.authorization).toBe(`Basic ${btoa('user:pa#ss')}`);
});

test('a signal ends the reading with its reason', async () => {
  const abort = new AbortController();
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': 3000 });
    response.write(file.subarray(0, 10));
  };
  const stream = remoteFile(base, { signal: abort.signal }).stream();
  await stream.next();
  const next = stream.next();
  abort.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});
