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

test('a page shows the curves and is told of each event', async () => {
  const page = await livePage('ResNet <on> pets', 0);
  expect(await (await fetch(page.address)).text()).toContain('<title>ResNet &lt;on> pets</title>');
  const events = await fetch(`${page.address}events`);
  expect(events.headers.get('content-type')).toBe('text/event-stream');
  page.onEvent(epoch);
  expect(await (await fetch(`${page.address}curves.svg`)).text()).toContain('<circle');
  // Ends what is told, so that all of it can be read.
  const [text] = await Promise.all([events.text(), page.close()]);
  expect(text).toContain(`event: epoch\ndata: ${JSON.stringify(epoch)}\n\n`);
  expect(text).toMatch(/event: end\ndata: \{\}\n\n$/);
});

test('who comes late is told the last event; other paths and methods are refused', async () => {
  const page = await livePage('late', 0);
  page.onEvent(epoch);
  const events = await fetch(`${page.address}events`);
  expect((await fetch(`${page.address}secret`)).status).toBe(404);
  expect((await fetch(page.address, { method: 'POST' })).status).toBe(405);
  const [text] = await Promise.all([events.text(), page.close()]);
  expect(text).toContain('event: epoch\n');
});

test('a port that is taken is named', async () => {
  const page = await livePage('first', 0);
  const port = Number(new URL(page.address).port);
  await expect(livePage('second', port)).rejects.toThrow(`port ${port} is taken`);
  await page.close();
});
