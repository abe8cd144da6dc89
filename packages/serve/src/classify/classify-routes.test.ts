/** Image files in, classes out. */
import { expect, test } from 'vitest';
import { ppm } from '../testing/ppm.js';
import { asPayload, serverOf } from '../testing/server-of.js';

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
  const post = async (payload: Buffer) => (await app.inject({ method: 'POST', url: '/classify', payload })).statusCode;
  expect(await post(Buffer.alloc(101))).toBe(413);
  expect(await post(ppm([0, 0, 0]))).toBe(400);
  const form = new FormData();
  for (const name of ['a', 'b']) form.append(name, new Blob(['P6']), `${name}.ppm`);
  const { statusCode } = await app.inject({ method: 'POST', url: '/classify', ...(await asPayload(form)) });
  expect(statusCode).toBe(413);
});
