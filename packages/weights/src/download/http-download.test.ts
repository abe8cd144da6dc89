/** Downloads from servers that close their connections: what a small server of one's own does, or one that breaks off. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { httpDownload } from './http-download.js';

let folder: string;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-closing-'));
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** Answers with `head`, the body or its beginning, and the end of the connection. */
async function serve(head: string, body: Buffer): Promise<string> {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(`${head}\r\n\r\n`);
      socket.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights`;
}

const options = { onProgress: () => undefined, stallTimeout: 20, largest: 2 ** 30 };
const sizes = [0, 1, 1_000, 16_384, 64_000, 65_536, 1_000_000, 10_000_000];

test.each(
  sizes.flatMap((size) => [
    [size, `HTTP/1.0 200 OK\r\nContent-Length: ${size}`],
    [size, 'HTTP/1.0 200 OK'],
    [size, `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${size}`],
    [size, 'HTTP/1.1 200 OK\r\nConnection: close'],
  ]) as [number, string][],
)('%i bytes, then the end: %j', async (size, head) => {
  const body = Buffer.alloc(size, 'weights');
  const file = join(folder, 'weights');
  await httpDownload(await serve(head, body), file, options);
  expect(body.equals(await readFile(file))).toBe(true);
});

test.each(sizes)('%i bytes of more, then the end', async (size) => {
  for (const version of ['HTTP/1.0', 'HTTP/1.1']) {
    const head = `${version} 200 OK\r\nConnection: close\r\nContent-Length: ${size + 1}`;
    const url = await serve(head, Buffer.alloc(size));
    await expect(httpDownload(url, join(folder, version.slice(5)), options)).rejects.toThrow(url);
    server.close();
  }
});
