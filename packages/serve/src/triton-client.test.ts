/** NVIDIA's own client works unchanged. `CNNZOO_TRITON_PYTHON` names a Python with `tritonclient[http]`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createServer } from './index.js';
import { fakeClassifier } from './testing/fake-classifier.js';

const python = process.env['CNNZOO_TRITON_PYTHON'];

test.skipIf(python === undefined)('every call of tritonclient is answered', async () => {
  const models = [{ name: 'colours', classifier: async () => fakeClassifier() }];
  const server = await createServer({ models, modelControl: true, maxQueueSize: 500, log: false, drainGrace: 0 });
  const { host } = new URL(await server.listen({ port: 0 }));
  const script = fileURLToPath(new URL('./fixtures/triton_client.py', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(python ?? '', [script, host]);
    expect(stdout.trim()).toBe('ok');
  } finally {
    await server.close();
  }
});
