/** Requests that nobody means: each is answered with 4xx or not at all, and the server continues. `CNNZOO_FUZZED_REQUESTS` draws more. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type ModelServer } from './index.js';
import { fakeClassifier, imageValues } from './testing/fake-classifier.js';
import { ppm } from './testing/ppm.js';

const count = Number(process.env['CNNZOO_FUZZED_REQUESTS'] ?? 600);
const seed = process.env['CNNZOO_FUZZED_REQUESTS'] === undefined ? { seed: 24 } : {};
const classifier = fakeClassifier();
let server: ModelServer;
let port: number;

beforeAll(async () => {
  server = await createServer({
    models: [{ name: 'colours', classifier }],
    formats: ['PPM', 'PNG'],
    decodeWorkers: 1,
    log: false,
    drainGrace: 0,
    limits: { bodyBytes: 50_000, requestSeconds: 1 },
  });
  port = Number(new URL(await server.listen({ port: 0 })).port);
});
afterAll(() => server.close());

/** Sends bytes as they are, and gives back what comes until the connection ends, or null where nothing came. */
function send(bytes: Buffer, end: 'wait' | 'half-close' | 'destroy'): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const answer = () => Buffer.concat(chunks).toString('latin1');
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      // An answer has come: the connection may stay, but is not waited for.
      if (end === 'wait') socket.end();
    });
    // Nothing may wait for ever; on a slow machine this may take long.
    const hung = setTimeout(() => resolve('HTTP/1.1 599 no answer'), 60_000);
    socket.on('error', () => resolve(answer()));
    socket.on('close', () => {
      clearTimeout(hung);
      resolve(answer());
    });
    socket.write(bytes, () => {
      if (end === 'half-close') socket.end();
      if (end === 'destroy') socket.destroy();
    });
  });
}

const odd = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.integer(),
  fc.double(),
  fc.constant(2 ** 53),
  fc.constant(null),
  fc.boolean(),
  fc.jsonValue({ maxDepth: 2 }),
);

const body = fc.oneof(
  // Nearly right: one field of a right request is another value.
  fc
    .record({
      path: fc.constantFrom('name', 'datatype', 'shape', 'data', 'parameters'),
      value: odd,
      binary: fc.boolean(),
      size: fc.oneof(fc.nat(400), fc.constant(4 * imageValues)),
    })
    .map(({ path, value, binary, size }) => {
      const input = { name: 'pixels', datatype: 'FP32', shape: [1, 4, 4, 3], data: new Array(imageValues).fill(0) };
      const head = Buffer.from(JSON.stringify({ inputs: [{ ...input, [path]: value }] }));
      return binary
        ? {
            bytes: Buffer.concat([head, Buffer.alloc(size)]),
            header: `Inference-Header-Content-Length: ${head.length}\r\n`,
          }
        : { bytes: head, header: '' };
    }),
  // Shapes that would be more than there is.
  fc
    .array(fc.oneof(fc.integer(), fc.constant(2 ** 53), fc.constant(2 ** 31), fc.double()), { maxLength: 10 })
    .map((shape) => ({
      bytes: Buffer.from(
        JSON.stringify({
          inputs: [{ name: 'pixels', datatype: 'FP32', shape, parameters: { binary_data_size: 192 } }],
        }),
      ),
      header: '',
    })),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ bytes: Buffer.from(bytes), header: '' })),
  fc.jsonValue().map((value) => ({ bytes: Buffer.from(JSON.stringify(value) ?? ''), header: '' })),
  // Damaged images.
  fc.tuple(fc.nat(60), fc.nat(255), fc.nat(60)).map(([place, value, length]) => {
    const bytes = ppm([1, 2, 3]);
    bytes[place % bytes.length] = value;
    return { bytes: bytes.subarray(0, bytes.length - (length % 40)), header: '' };
  }),
);

const headers = fc.oneof(
  fc.constant(''),
  fc.constantFrom(
    'Content-Encoding: gzip\r\n',
    'Content-Encoding: br\r\n',
    'Content-Type: multipart/form-data\r\n',
    'Content-Type: multipart/form-data; boundary=x\r\n',
    'Content-Type: multipart/form-data; boundary=""\r\n',
    'Content-Type: \r\n',
    'Inference-Header-Content-Length: 99999999999999999999\r\n',
    'Inference-Header-Content-Length: -1\r\n',
    'Expect: 100-continue\r\n',
    'Transfer-Encoding: chunked\r\n',
    `X-Large: ${'a'.repeat(20_000)}\r\n`,
    'X-Request-Id: ../../\u0000\r\n',
  ),
);

const request = fc.record({
  method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'BREW'),
  path: fc.oneof(
    fc.constantFrom(
      '/v2/models/colours/infer',
      '/classify',
      '/classify?topK=1e99',
      '/classify?model=__proto__',
      '/v2/models/colours/versions/999999999999999999999/infer',
      '/v2/models/..%2f..%2fetc/infer',
      '/v2/repository/models/colours/unload',
      '/v2/repository/index',
    ),
    fc.webPath(),
  ),
  body,
  headers,
  /** Added to the length that the request says. */
  lie: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.integer({ min: -20, max: 20 }), weight: 1 }),
  end: fc.oneof(
    { arbitrary: fc.constant('wait' as const), weight: 6 },
    { arbitrary: fc.constant('half-close' as const), weight: 1 },
    { arbitrary: fc.constant('destroy' as const), weight: 1 },
  ),
});

test('requests that nobody means are refused, whatever they are, and cost nothing', async () => {
  const drawn = fc.sample(request, { numRuns: count, ...seed });
  const wrong: string[] = [];
  const work = async () => {
    for (let next = drawn.pop(); next !== undefined; next = drawn.pop()) {
      const { method, path, body: sent, headers: more, lie, end } = next;
      const length = Math.max(0, sent.bytes.length + lie);
      const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n${sent.header}${more}\r\n`;
      const answer = await send(Buffer.concat([Buffer.from(head, 'latin1'), sent.bytes]), end);
      const status = Number(/^HTTP\/1\.1 (?:100 Continue\r\n\r\nHTTP\/1\.1 )?(\d{3})/.exec(answer)?.[1] ?? 0);
      // What is right after all may be answered so.
      if (status >= 500) wrong.push(`${answer}: ${JSON.stringify(next)}`);
    }
  };
  // Many at a time: some wait until their time is over.
  await Promise.all(Array.from({ length: 50 }, work));
  expect(wrong).toEqual([]);
  // It still answers, rightly, and holds nothing of them.
  const image = await server.app.inject({ method: 'POST', url: '/classify?topK=1', payload: ppm([0, 0, 9]) });
  expect(image.json().images[0].predictions[0].category).toBe('blue');
  const { payload } = await server.app.inject('/metrics');
  expect(payload).toMatch(/cnnzoo_accepted_images\{[^}]*\} 0/);
  expect(payload).toMatch(/cnnzoo_waiting_images\{[^}]*\} 0/);
});

test('a body that never ends, or comes a byte at a time, is given up', async () => {
  const head = 'POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n';
  expect(await send(Buffer.from(`${head}P6`), 'wait')).toMatch(/^HTTP\/1\.1 408 /);
});
