/** Models come and go, and the server with them, while requests run. */
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fakeClassifier } from '../testing/fake-classifier.js';
import { gated, until } from '../testing/gated-classifier.js';
import { image, infer, serverOf, tensor } from '../testing/server-of.js';

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

test('a model that cannot start or predict is disposed of, and the one before it stays', async () => {
  const [broken, silent, good] = [fakeClassifier(), fakeClassifier(), fakeClassifier()];
  broken.onRun = () => {
    throw new Error('it cannot predict');
  };
  const cannotStart = {
    ...silent,
    network: { ...silent.network, start: () => Promise.reject(new Error('no memory')) },
  };
  const { server, app } = await serverOf({}, good);
  const load = (classifier: typeof broken) => server.load({ name: 'colours', classifier: async () => classifier });
  await expect(load(broken)).rejects.toThrow('it cannot predict');
  await expect(load(cannotStart)).rejects.toThrow('no memory');
  expect([broken.disposed, broken.open, silent.disposed]).toEqual([true, 0, true]);
  expect((await app.inject({ method: 'POST', url: infer, payload: tensor(image(1)) })).statusCode).toBe(200);
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
