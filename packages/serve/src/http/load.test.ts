/** More requests than a server can answer, clients that go, and workers that die. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { fakeClassifier } from '../testing/fake-classifier.js';
import { gated, until } from '../testing/gated-classifier.js';
import { ppm } from '../testing/ppm.js';
import { image, infer, serverOf, tensor } from '../testing/server-of.js';

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

test('refuses at once what it could not answer in time at its present pace', async () => {
  const { classifier, ...gate } = gated();
  const { app } = await serverOf({ batching: { maxBatchSize: 1 } }, classifier);
  const post = (timeout: number) =>
    app.inject({ method: 'POST', url: infer, payload: { ...tensor(image(1)), parameters: { timeout } } });
  // One image takes 20 milliseconds or more.
  classifier.onRun = () => delay(20);
  for (let i = 0; i < 3; i++) await post(1e9);
  classifier.onRun = () => gate.gate();
  gate.close();
  const accepted = post(1e9);
  await until(() => classifier.batches.length === 5);
  const late = await post(30_000);
  expect([late.statusCode, late.json().error]).toEqual([429, expect.stringContaining('no answer within 30 ms')]);
  gate.open();
  expect((await accepted).statusCode).toBe(200);
  // A request that is alone is tried.
  classifier.onRun = () => {};
  expect((await post(1000)).statusCode).not.toBe(429);
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

test('a process whose workers could not be started five times in a row should be started again', async () => {
  const classifier = fakeClassifier();
  const { app } = await serverOf({}, classifier);
  classifier.onRun = () => {
    throw new Error('no memory');
  };
  const live = async () => (await app.inject('/v2/health/live')).statusCode;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await app.inject({ method: 'POST', url: infer, payload: tensor(image(1)) });
  // The first attempt comes at once, each other one after twice as long.
  const statuses = [];
  for (let attempt = 1; attempt <= 5; attempt++) {
    statuses.push(await live());
    await vi.advanceTimersByTimeAsync(250 * 2 ** attempt);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 503]);
  classifier.onRun = () => {};
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await live()).toBe(200);
});

/** The head of a request whose body does not come. */
function announce(address: string, path: string): Socket {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`);
  return socket;
}
