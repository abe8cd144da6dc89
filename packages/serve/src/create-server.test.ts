/** What operators need: figures, a log, keys, origins, a description that is true, and options that are checked. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { createServer, type ServerOptions } from './index.js';
import { fakeClassifier } from './testing/fake-classifier.js';
import { ppm } from './testing/ppm.js';
import { image, infer, serverOf, tensor } from './testing/server-of.js';

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
  for (const [options, message] of wrong) await expect(createServer(options as ServerOptions)).rejects.toThrow(message);
  expect(classifier.batches).toEqual([]);
});
