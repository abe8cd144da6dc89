/** The Open Inference Protocol, as clients speak it. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { image, infer, serverOf, tensor } from '../testing/server-of.js';

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
    inputs: [{ name: 'pixels', datatype: 'FP32', shape: [2, 4, 4, 3], parameters: { binary_data_size: bytes.length } }],
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
