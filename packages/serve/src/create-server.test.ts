/** The server as clients see it, with a classifier whose workers can be slow or die. */
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, describe, expect, test } from 'vitest';
import { createServer, type ModelServer, type ServerOptions } from './index.js';
import { type FakeClassifier, fakeClassifier, imageValues } from './testing/fake-classifier.js';
import { ppm } from './testing/ppm.js';

const open: ModelServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serverOf(options: Partial<ServerOptions> = {}, classifier: FakeClassifier = fakeClassifier()) {
  const server = await createServer({
    models: [{ name: 'colours', classifier }],
    formats: ['PPM'],
    log: false,
    drainGrace: 100,
    decodeWorkers: 1,
    ...options,
  });
  open.push(server);
  return { server, app: server.app, classifier };
}

const image = (value: number) => new Array<number>(imageValues).fill(value);
const tensor = (values: readonly number[], images = 1) => ({
  inputs: [{ name: 'pixels', datatype: 'FP32', shape: [images, 4, 4, 3], data: values }],
});
const infer = '/v2/models/colours/infer';

describe('the Open Inference Protocol', () => {
  test('tells what the server and its models are, under the addresses of KServe', async () => {
    const { app } = await serverOf();
    const get = async (url: string) => (await app.inject(url)).json() as unknown;
    expect(await get('/v2')).toMatchObject({
      name: 'cnnzoo',
      extensions: expect.arrayContaining(['binary_tensor_data']),
    });
    expect(await get('/v2/health/live')).toEqual({ live: true });
    expect(await get('/v2/health/ready')).toEqual({ ready: true });
    expect(await get('/v2/models/colours/ready')).toEqual({ name: 'colours', ready: true });
    expect(await get('/v2/models/colours/versions/1')).toMatchObject({
      name: 'colours',
      versions: ['1'],
      inputs: [{ name: 'pixels', datatype: 'FP32', shape: [-1, 4, 4, 3] }],
      outputs: [{ name: 'sums', datatype: 'FP32', shape: [-1, 3] }],
    });
    expect((await app.inject('/v2/models/other')).json()).toEqual({ error: "there is no model 'other'" });
  });

  test('takes numbers as JSON, flat and nested, as bytes, and compressed, and answers as it is asked to', async () => {
    const { app } = await serverOf();
    const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
      app.inject({ method: 'POST', url: infer, payload, headers });
    const flat = await post(JSON.stringify({ id: 'a', ...tensor(image(1)) }));
    expect(flat.json()).toEqual({
      id: 'a',
      model_name: 'colours',
      model_version: '1',
      outputs: [{ name: 'sums', datatype: 'FP32', shape: [1, 3], data: [16, 16, 16] }],
    });
    const nested = [Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => [1, 2, 3]))];
    const body = JSON.stringify({ inputs: [{ ...tensor([]).inputs[0], data: nested }] });
    expect((await post(body)).json().outputs[0].data).toEqual([16, 32, 48]);
    const zipped = await post(gzipSync(body), { 'content-encoding': 'gzip' });
    expect(zipped.json().outputs[0].data).toEqual([16, 32, 48]);

    const bytes = Buffer.from(Float32Array.from([...image(1), ...image(2)]).buffer);
    const head = JSON.stringify({
      inputs: [
        { name: 'pixels', datatype: 'FP32', shape: [2, 4, 4, 3], parameters: { binary_data_size: bytes.length } },
      ],
      outputs: [{ name: 'sums', parameters: { binary_data: true } }],
    });
    const binary = await post(Buffer.concat([Buffer.from(head), bytes]), {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    });
    const length = Number(binary.headers['inference-header-content-length']);
    const answer = JSON.parse(binary.rawPayload.subarray(0, length).toString()) as object;
    expect(answer).toMatchObject({ outputs: [{ shape: [2, 3], parameters: { binary_data_size: 24 } }] });
    const rest = binary.rawPayload.subarray(length);
    expect(Array.from({ length: 6 }, (_, i) => rest.readFloatLE(4 * i))).toEqual([16, 16, 16, 32, 32, 32]);

    const classes = { ...tensor([...image(1)]), outputs: [{ name: 'sums', parameters: { classification: 2 } }] };
    expect((await post(JSON.stringify(classes))).json().outputs[0]).toMatchObject({
      datatype: 'BYTES',
      shape: [1, 2],
      data: ['16.000000:0:red', '16.000000:1:green'],
    });
  });

  test('more images than a batch has are several batches and one answer', async () => {
    const { app, classifier } = await serverOf({ batching: { maxBatchSize: 2 } });
    const values = [1, 2, 3, 4, 5].flatMap(image);
    const { outputs } = (await app.inject({ method: 'POST', url: infer, payload: tensor(values, 5) })).json();
    expect(outputs[0].data.filter((_: number, i: number) => i % 3 === 0)).toEqual([16, 32, 48, 64, 80]);
    expect(Math.max(...classifier.batches)).toBe(2);
  });

  test.each([
    ['no JSON', '{', 'the body is no JSON'],
    ['no input', '{"inputs":[]}', 'must NOT have fewer than 1 items'],
    ['another name', JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }] }), "no input 'x'"],
    ['a shape of 2^53', JSON.stringify({ inputs: [{ ...tensor([]).inputs[0], shape: [2 ** 53, 4, 4, 3] }] }), 'shape'],
    ['too few values', JSON.stringify(tensor([1, 2])), 'has 2 values, and its shape has 48'],
    [
      'a text among them',
      JSON.stringify({ inputs: [{ ...tensor([]).inputs[0], data: [...image(0).slice(1), 'a'] }] }),
      'value 47',
    ],
    ['a negative timeout', JSON.stringify({ ...tensor(image(0)), parameters: { timeout: -1 } }), "'timeout'"],
  ])('refuses %s', async (_what, payload, message) => {
    const { app } = await serverOf();
    const answer = await app.inject({ method: 'POST', url: infer, payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toContain(message);
  });
});

describe('POST /classify', () => {
  test('takes one image as the body, and several in a form', async () => {
    const { app } = await serverOf();
    const one = await app.inject({ method: 'POST', url: '/classify?topK=2&map=true', payload: ppm([0, 255, 51]) });
    expect(one.json()).toMatchObject({
      model: 'colours',
      images: [
        {
          predictions: [
            { category: 'green', probability: expect.closeTo(1 / 1.2, 5) },
            { category: 'blue', probability: expect.closeTo(0.2 / 1.2, 5) },
          ],
          map: { rows: 2, columns: 2, values: [0, 0.3333, 0.6667, 1] },
        },
      ],
    });
    const form = new FormData();
    form.append('a', new Blob([new Uint8Array(ppm([255, 0, 0]))]), 'red.ppm');
    form.append('b', new Blob([new Uint8Array(ppm([0, 0, 255]))]), 'blue.ppm');
    const several = await app.inject({ method: 'POST', url: '/classify?topK=1', ...(await asPayload(form)) });
    const names = (several.json().images as { name: string; predictions: { category: string }[] }[]).map(
      ({ name, predictions }) => [name, predictions[0]?.category],
    );
    expect(names).toEqual([
      ['red.ppm', 'red'],
      ['blue.ppm', 'blue'],
    ]);
  });

  test('asks no decoder that was not named, and says what is wrong without a path or a stack', async () => {
    const { app } = await serverOf();
    const post = (url: string, payload: Buffer) => app.inject({ method: 'POST', url, payload });
    const png = Buffer.from('\x89PNG\r\n\x1a\n and more', 'latin1');
    expect((await post('/classify', png)).json()).toEqual({ error: 'image: a PNG file, expected PPM' });
    expect((await post('/classify', Buffer.from('<svg/>'))).json().error).toBe('image: not a PPM file (6 bytes)');
    expect((await post('/classify', ppm([0, 0, 0]).subarray(0, 30))).statusCode).toBe(400);
    expect((await post('/classify', Buffer.alloc(0))).statusCode).toBe(400);
    for (const boundary of ['', '; boundary=x']) {
      const headers = { 'content-type': `multipart/form-data${boundary}` };
      const form = await app.inject({ method: 'POST', url: '/classify', payload: '--x\r\nno form', headers });
      expect([form.statusCode, form.json().error]).toEqual([400, expect.stringContaining('the form cannot be read')]);
    }
    expect((await post('/classify?topk=2', ppm([0, 0, 0]))).statusCode).toBe(400);
    expect((await post('/classify?model=../../etc', ppm([0, 0, 0]))).statusCode).toBe(404);
  });

  test('limits bytes and images', async () => {
    const { app } = await serverOf({ limits: { bodyBytes: 100, images: 1, pixels: 10 } });
    const post = async (payload: Buffer) =>
      (await app.inject({ method: 'POST', url: '/classify', payload })).statusCode;
    expect(await post(Buffer.alloc(101))).toBe(413);
    expect(await post(ppm([0, 0, 0]))).toBe(400);
    const form = new FormData();
    for (const name of ['a', 'b']) form.append(name, new Blob(['P6']), `${name}.ppm`);
    const { statusCode } = await app.inject({ method: 'POST', url: '/classify', ...(await asPayload(form)) });
    expect(statusCode).toBe(413);
  });
});

describe('under load', () => {
  test('refuses what is more than it can queue, at once, and says when to try again', async () => {
    const { classifier, ...gate } = gated();
    const { app } = await serverOf({ maxQueueSize: 3, batching: { maxBatchSize: 1 } }, classifier);
    gate.close();
    const post = () => app.inject({ method: 'POST', url: infer, payload: tensor(image(1)) });
    const accepted = [post(), post(), post()];
    await until(() => classifier.batches.length > 2);
    const refused = await post();
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await app.inject({ method: 'POST', url: '/classify', payload: ppm([1, 1, 1]) })).statusCode).toBe(429);
    gate.open();
    expect((await Promise.all(accepted)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    expect((await post()).statusCode).toBe(200);
  });

  test('refuses so before a body is read', async () => {
    const { classifier, ...gate } = gated();
    const { server, app } = await serverOf({ maxQueueSize: 1, batching: { maxBatchSize: 1 } }, classifier);
    const address = await server.listen({ port: 0 });
    gate.close();
    const accepted = app.inject({ method: 'POST', url: '/classify', payload: ppm([1, 1, 1]) });
    await until(() => classifier.batches.length === 2);
    for (const path of ['/classify', infer]) {
      const socket = announce(address, path);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 429 /);
      socket.destroy();
    }
    gate.open();
    expect((await accepted).statusCode).toBe(200);
  });

  test('bodies that never come in whole take no memory from others', async () => {
    const { server, app } = await serverOf({ limits: { bodyBytes: 1000, bytesInFlight: 2500 } });
    const address = await server.listen({ port: 0 });
    const status = async () => {
      const payload = JSON.stringify(tensor(image(1))).padEnd(900);
      return (await app.inject({ method: 'POST', url: infer, payload })).statusCode;
    };
    // Two of a thousand bytes fit, a third of 900 does not.
    let received = 0;
    app.server.on('request', () => received++);
    const waiting = ['/classify', infer].map((path) => announce(address, path));
    await until(() => received === 2);
    // By the time that another has passed the same hooks, these have.
    await app.inject('/v2');
    expect(await status()).toBe(503);
    for (const socket of waiting) socket.destroy();
    await until(async () => (await status()) === 200);
    expect(await status()).toBe(200);
  });

  test('an answer that would come too late is 504, and takes no time of a worker', async () => {
    const { classifier, ...gate } = gated();
    const { app } = await serverOf({ batching: { maxBatchSize: 1 } }, classifier);
    gate.close();
    const running = [1, 2].map(() => app.inject({ method: 'POST', url: infer, payload: tensor(image(1)) }));
    await until(() => classifier.batches.length === 3);
    const late = await app.inject({
      method: 'POST',
      url: infer,
      payload: { ...tensor(image(7)), parameters: { timeout: 2000 } },
    });
    expect(late.statusCode).toBe(504);
    gate.open();
    await Promise.all(running);
    // The first is the server's own.
    expect(classifier.batches).toHaveLength(3);
  });

  test('a client that is gone leaves the queue', async () => {
    const { classifier, ...gate } = gated();
    const { server, app } = await serverOf({ batching: { maxBatchSize: 1 } }, classifier);
    const address = await server.listen({ port: 0 });
    gate.close();
    const running = [1, 2].map(() => app.inject({ method: 'POST', url: infer, payload: tensor(image(1)) }));
    await until(() => classifier.batches.length === 3);
    const controller = new AbortController();
    const gone = fetch(`${address}${infer}`, {
      method: 'POST',
      body: JSON.stringify(tensor(image(1))),
      signal: controller.signal,
    }).catch((error: Error) => error.name);
    await until(async () => /cnnzoo_waiting_images\{[^}]*\} 1/.test((await app.inject('/metrics')).payload));
    controller.abort();
    expect(await gone).toBe('AbortError');
    await until(async () => /reason="canceled"\} 1/.test((await app.inject('/metrics')).payload));
    gate.open();
    await Promise.all(running);
    expect(classifier.batches).toHaveLength(3);
  });

  test('a worker that dies costs its own requests a 500, and nobody else anything', async () => {
    const classifier = fakeClassifier();
    const { app } = await serverOf({ batching: { maxBatchSize: 1 } }, classifier);
    let runs = 0;
    classifier.onRun = () => {
      if (runs++ === 1) throw new Error('a worker of frozen model at /secret/path has died');
    };
    const answers = await Promise.all(
      [1, 2, 3, 4].map((value) => app.inject({ method: 'POST', url: infer, payload: tensor(image(value)) })),
    );
    const failed = answers.filter(({ statusCode }) => statusCode !== 200);
    expect(failed.map(({ statusCode }) => statusCode)).toEqual([500]);
    expect(failed[0]?.json().error).toBe(
      "the worker of model 'colours' that computed this request has ended: send it again",
    );
    expect((await app.inject('/v2/health/ready')).statusCode).toBe(200);
  });

  test('health is red while workers cannot be started, and green again when they can', async () => {
    const classifier = fakeClassifier();
    const { app } = await serverOf({}, classifier);
    classifier.onRun = () => {
      throw new Error('no memory');
    };
    await app.inject({ method: 'POST', url: infer, payload: tensor(image(1)) });
    const status = async (url: string) => (await app.inject(url)).statusCode;
    await until(async () => (await status('/v2/health/ready')) === 503);
    expect(await status('/v2/models/colours/ready')).toBe(503);
    expect(await status('/v2/health/live')).toBe(200);
    classifier.onRun = () => {};
    await until(async () => (await status('/v2/health/ready')) === 200);
    expect(await status('/v2/models/colours/ready')).toBe(200);
  });
});

describe('models come and go', () => {
  test('the new one is warm before the old one goes, which answers what it has', async () => {
    const { classifier: old, ...gate } = gated();
    const next = fakeClassifier();
    const sources = [old, next];
    const load = async () => sources.shift() ?? fakeClassifier();
    const { app } = await serverOf({ models: [{ name: 'colours', classifier: load }], modelControl: true });
    gate.close();
    const before = app.inject({ method: 'POST', url: infer, payload: tensor(image(1)) });
    await until(() => old.batches.length === 2);
    expect((await app.inject({ method: 'POST', url: '/v2/repository/models/colours/load' })).statusCode).toBe(200);
    expect(next.batches).toEqual([1]);
    const after = await app.inject({ method: 'POST', url: infer, payload: tensor(image(2)) });
    expect(after.json().outputs[0].data[0]).toBe(32);
    expect(old.disposed).toBe(false);
    gate.open();
    expect((await before).json().outputs[0].data[0]).toBe(16);
    await until(() => old.disposed);
    expect([old.open, next.open]).toEqual([0, 1]);
  });

  test('the largest version answers who names none, and clients change nothing unless they may', async () => {
    const classifier = fakeClassifier();
    const versions = ['9', '10'].map((version) => ({ name: 'colours', version, classifier }));
    const { server, app } = await serverOf({ models: versions });
    const post = async (url: string) => (await app.inject({ method: 'POST', url, payload: tensor(image(1)) })).json();
    expect(await post(infer)).toMatchObject({ model_version: '10' });
    expect(await post('/v2/models/colours/versions/9/infer')).toMatchObject({ model_version: '9' });
    const refused = await app.inject({ method: 'POST', url: '/v2/repository/models/colours/unload' });
    expect(refused.statusCode).toBe(403);
    await server.unload('colours', '10');
    expect(await post(infer)).toMatchObject({ model_version: '9' });
    await server.load({ name: 'other', classifier });
    expect((await app.inject({ method: 'POST', url: '/v2/repository/index' })).json()).toEqual([
      { name: 'colours', version: '9', state: 'READY', reason: '' },
      { name: 'colours', version: '10', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'other', version: '1', state: 'READY', reason: '' },
    ]);
  });

  test('closing answers what has come, and what comes on connections that are open', async () => {
    const { classifier, ...gate } = gated();
    const { server } = await serverOf({ drainGrace: 5000 }, classifier);
    const address = new URL(await server.listen({ port: 0 }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    gate.close();
    const first = postTo(address, agent, image(1));
    await until(() => classifier.batches.length === 2);
    const closed = server.close();
    const second = postTo(address, agent, image(2));
    await delay(20);
    gate.open();
    expect(await first).toEqual([200, [16, 16, 16], 'close']);
    // The first answer has asked the client to go, so it comes back on another connection, which nobody accepts.
    expect(await second.catch((error: NodeJS.ErrnoException) => error.code)).toBe('ECONNREFUSED');
    await closed;
    expect(classifier.open).toBe(0);
    agent.destroy();
  });
});

describe('what operators need', () => {
  test('figures, under names of its own and of Triton', async () => {
    const { app } = await serverOf({ metricNames: 'triton' });
    await app.inject({ method: 'POST', url: infer, payload: tensor(image(1)) });
    await app.inject({ method: 'POST', url: infer, payload: '{' });
    const { payload, headers } = await app.inject('/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0.0.4/);
    expect(payload).toContain('cnnzoo_requests_total{model="colours",version="1"} 1');
    expect(payload).toContain('nv_inference_request_success{model="colours",version="1"} 1');
    expect(payload).toMatch(/cnnzoo_failures_total\{.*reason="invalid"\} 1/);
    expect(payload).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(payload).toMatch(/^process_resident_memory_bytes /m);
    const stats = (await app.inject('/v2/models/colours/stats')).json();
    expect(stats.model_stats[0]).toMatchObject({ inference_count: 1, execution_count: 1 });
  });

  test("a line of JSON for each request, with the client's id and without its address", async () => {
    const lines: string[] = [];
    const { app } = await serverOf({ log: { write: (line) => lines.push(line) } });
    const headers = { 'x-request-id': 'abc-1' };
    const { headers: answered } = await app.inject({
      method: 'POST',
      url: `${infer}?key=secret`,
      payload: tensor(image(1)),
      headers,
    });
    expect(answered['x-request-id']).toBe('abc-1');
    const line = JSON.parse(lines.at(-1) ?? '') as object;
    expect(line).toMatchObject({
      reqId: 'abc-1',
      route: '/v2/models/:model/infer',
      status: 200,
      model: 'colours',
      images: 1,
    });
    expect(lines.join()).not.toContain('secret');
  });

  test('keys, of which any will do, for all but health and the page', async () => {
    const { app } = await serverOf({ apiKeys: ['one', 'two'] });
    const status = async (url: string, headers: Record<string, string> = {}) =>
      (await app.inject({ url, headers })).statusCode;
    expect(await status('/v2')).toBe(401);
    expect(await status('/metrics')).toBe(401);
    expect(await status('/v2', { 'x-api-key': 'three' })).toBe(401);
    expect(await status('/v2', { 'x-api-key': 'two' })).toBe(200);
    expect(await status('/v2', { authorization: 'Bearer one' })).toBe(200);
    expect(await status('/v2/health/ready')).toBe(200);
    expect(await status('/')).toBe(200);
    expect(await status('/nothing')).toBe(401);
  });

  test('web pages of elsewhere may not ask, unless they are named', async () => {
    const origin = 'https://example.org';
    const closed = await serverOf();
    const answer = await closed.app.inject({ url: '/v2', headers: { origin } });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    const named = await serverOf({ corsOrigins: [origin] });
    expect((await named.app.inject({ url: '/v2', headers: { origin } })).headers['access-control-allow-origin']).toBe(
      origin,
    );
  });

  test('every answer is what /openapi.json says', async () => {
    const { app } = await serverOf({ modelControl: true });
    const api = (await app.inject('/openapi.json')).json() as {
      paths: Record<
        string,
        Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
      >;
    };
    expect(Object.keys(api.paths)).toEqual(
      expect.arrayContaining(['/classify', '/v2/models/{model}/infer', '/v2/models/{model}/versions/{version}/infer']),
    );
    const ajv = new Ajv2020({ strict: false });
    const calls = [
      ['get', '/v2', '/v2'],
      ['get', '/v2/health/live', '/v2/health/live'],
      ['get', '/v2/health/ready', '/v2/health/ready'],
      ['get', '/v2/models/{model}', '/v2/models/colours'],
      ['get', '/v2/models/{model}', '/v2/models/nothing'],
      ['get', '/v2/models/{model}/ready', '/v2/models/colours/ready'],
      ['get', '/v2/models/{model}/stats', '/v2/models/colours/stats'],
      ['post', '/v2/models/{model}/infer', infer, tensor(image(1))],
      ['post', '/v2/models/{model}/infer', infer, { inputs: [] }],
      ['post', '/v2/repository/index', '/v2/repository/index'],
      ['post', '/classify', '/classify?map=true', ppm([9, 8, 7])],
      ['post', '/classify', '/classify', Buffer.from('no image')],
    ] as const;
    for (const [method, path, url, payload] of calls) {
      const answer = await app.inject({ method: method.toUpperCase() as 'GET', url, ...(payload && { payload }) });
      const schema = api.paths[path]?.[method]?.responses[answer.statusCode]?.content?.['application/json']?.schema;
      expect(schema, `${url} ${answer.statusCode}`).toBeDefined();
      const validate = ajv.compile({ ...schema });
      expect(validate(answer.json()), `${url}: ${ajv.errorsText(validate.errors)}`).toBe(true);
    }
  });

  test('options are checked before any model is loaded', async () => {
    const classifier = fakeClassifier();
    const models = [{ name: 'a', classifier }];
    const wrong: [object, string][] = [
      [{ models: [] }, 'models must be an array of at least 1'],
      [{ models, worker: 2 }, "did you mean 'workers'"],
      [{ models: [{ name: 'a/b', classifier }] }, 'models[0].name'],
      [{ models: [{ name: 'a', version: '0', classifier }] }, 'models[0].version'],
      [{ models: [{ name: 'a', classifier: {} }] }, 'models[0].classifier'],
      [{ models: [...models, ...models] }, 'twice'],
      [{ models, batching: { maxBatchSize: 4, preferredBatchSizes: [8] } }, 'batching.preferredBatchSizes'],
      [{ models, formats: ['SVG'] }, 'formats[0]'],
    ];
    for (const [options, message] of wrong)
      await expect(createServer(options as ServerOptions)).rejects.toThrow(message);
    expect(classifier.batches).toEqual([]);
  });
});

/** A classifier whose batches wait while the gate is closed. */
function gated() {
  const classifier = fakeClassifier();
  let closed: PromiseWithResolvers | null = null;
  classifier.onRun = () => closed?.promise;
  return {
    classifier,
    close() {
      let resolve = () => {};
      const promise = new Promise<void>((done) => {
        resolve = done;
      });
      closed = { promise, resolve };
    },
    open() {
      closed?.resolve();
      closed = null;
    },
  };
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(2);
}

async function asPayload(form: FormData): Promise<{ payload: Buffer; headers: { 'content-type': string } }> {
  const response = new Response(form);
  return {
    payload: Buffer.from(await response.arrayBuffer()),
    headers: { 'content-type': response.headers.get('content-type') ?? '' },
  };
}

/** The head of a request whose body does not come. */
function announce(address: string, path: string): Socket {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`);
  return socket;
}

/** @returns status, outputs, and whether the connection stays */
function postTo(address: URL, agent: Agent, values: readonly number[]): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: address.hostname, port: address.port, path: infer, method: 'POST', agent },
      async (response) => {
        const body = Buffer.concat(await response.toArray()).toString();
        const { outputs } = JSON.parse(body) as { outputs: { data: unknown }[] };
        resolve([response.statusCode, outputs[0]?.data, response.headers.connection]);
      },
    );
    request.on('error', reject);
    request.end(JSON.stringify(tensor(values)));
  });
}
