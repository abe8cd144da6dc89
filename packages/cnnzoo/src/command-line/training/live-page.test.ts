import type { TrainEvent } from '@cnnzoo/train';
import { expect, test } from 'vitest';
import { livePage } from './live-page.js';

const epoch: TrainEvent = {
  type: 'epoch',
  epoch: 0,
  step: 3,
  loss: 0.5,
  accuracy: 0.75,
  metrics: {},
  learningRate: 0.1,
  seconds: 1,
};

const step = (number: number): TrainEvent => ({
  type: 'step',
  step: number,
  epoch: 0,
  batch: number,
  count: 8,
  loss: 1 / number,
  accuracy: 0.5,
  metrics: {},
  epochLoss: 0.5,
  epochAccuracy: 0.5,
  learningRate: 0.1,
  gradientNorm: 1,
  milliseconds: 3,
});

test('a page shows the curves and is told of each event', async () => {
  const page = await livePage('ResNet <on> pets', 0);
  expect(await (await fetch(page.address)).text()).toContain('<title>ResNet &lt;on> pets</title>');
  const events = await fetch(`${page.address}events`);
  expect(events.headers.get('content-type')).toBe('text/event-stream');
  page.onEvent(epoch);
  // Ends what is told, so that all of it can be read.
  const [text] = await Promise.all([events.text(), page.close({ state: 'failed', message: 'no images' })]);
  expect(text).toContain(`event: epoch\ndata: ${JSON.stringify(epoch)}\n\n`);
  expect(text).toMatch(/event: curves\ndata: .*<circle/);
  expect(text).toMatch(/event: end\ndata: \{"state":"failed","message":"no images"\}\n\n$/);
});

test('who comes late is told all that the page shows; other paths and methods are refused', async () => {
  const page = await livePage('late', 0);
  page.onEvent({ type: 'start', epochs: 5, batchesPerEpoch: 1500, epoch: 0, batch: 0 });
  for (let number = 1; number <= 5000; number++) page.onEvent(step(number));
  page.onEvent(epoch);
  const events = await fetch(`${page.address}events`);
  expect((await fetch(`${page.address}secret`)).status).toBe(404);
  expect((await fetch(page.address, { method: 'POST' })).status).toBe(405);
  const [text] = await Promise.all([events.text(), page.close({ state: 'done' })]);
  expect(text).toContain('event: start\ndata: {"type":"start","epochs":5,');
  expect(text).toContain('event: epoch\n');
  expect(text.match(/event: step\n/g)).toHaveLength(1);
  const losses = JSON.parse(/event: losses\ndata: (.*)/.exec(text)?.[1] ?? '') as [number, number][];
  expect(losses.length).toBeGreaterThan(2000);
  expect(losses.length).toBeLessThanOrEqual(4000);
  expect(losses.every(([at, loss]) => loss === 1 / at)).toBe(true);
  expect(losses.at(-1)?.[0]).toBe(5000);
});

test('a port that is taken is named', async () => {
  const page = await livePage('first', 0);
  const port = Number(new URL(page.address).port);
  await expect(livePage('second', port)).rejects.toThrow(`port ${port} is taken`);
  await page.close({ state: 'done' });
});
