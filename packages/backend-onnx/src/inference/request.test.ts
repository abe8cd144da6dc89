/** Requests of every kind to workers that die: each is answered once, and rightly. */
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';
import { freeze } from './freeze.js';

let model: tfl.LayersModel;
beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  model = tfl.sequential({
    layers: [tfl.layers.dense({ inputShape: [3], units: 1, kernelInitializer: 'ones' })],
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

it.each([undefined, { maxBatchSize: 4, maxDelay: 1 }])('answers each request once, batching %o', async (batching) => {
  const post = vi.spyOn(Worker.prototype, 'postMessage');
  const frozen = freeze(model, { worker: 2, threads: 1, ...(batching === undefined ? {} : { batching }) });
  const kinds = ['plain', 'invalid', 'aborted before', 'aborted', 'late', 'wrong option'] as const;
  const answers = await Promise.all(
    Array.from({ length: 600 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i / 10));
      if (i % 100 === 50) await (post.mock.contexts.at(-1) as Worker).terminate();
      const kind = kinds[i % kinds.length] ?? 'plain';
      const images = Float32Array.of(i, 1, 2);
      const abort = new AbortController();
      if (kind === 'aborted before') abort.abort(new Error('gone'));
      const request = {
        plain: () => frozen.run(images),
        invalid: () => frozen.run(Float32Array.of(1, 2)),
        'aborted before': () => frozen.run(images, { signal: abort.signal }),
        aborted: () => frozen.run(images, { signal: abort.signal }),
        late: () => frozen.run(images, { timeout: 0 }),
        'wrong option': () => frozen.run(images, { timeOut: 3 } as never),
      }[kind]();
      // The caller's array is his own again.
      images.fill(Number.NaN);
      if (kind === 'aborted') abort.abort(new Error('gone'));
      let count = 0;
      const outcome = await request.then(
        (result) => {
          count++;
          return result[0];
        },
        (error: Error) => {
          count++;
          return error.name === 'TimeoutError' ? 'TimeoutError' : error.message;
        },
      );
      return { i, kind, outcome, count };
    }),
  );
  const died = /^a worker of frozen model .* has died/;
  for (const { i, kind, outcome, count } of answers) {
    expect(count).toBe(1);
    const right = outcome === i + 3;
    const allowed = {
      plain: right || died.test(String(outcome)),
      invalid: /expected/.test(String(outcome)) || /must/.test(String(outcome)),
      'aborted before': outcome === 'gone',
      aborted: outcome === 'gone',
      late: right || outcome === 'TimeoutError' || died.test(String(outcome)),
      'wrong option': outcome === "request has no option 'timeOut': did you mean 'timeout'?",
    }[kind];
    expect(allowed, `${i} ${kind}: ${outcome}`).toBe(true);
  }
  expect(answers.filter(({ kind, i, outcome }) => kind === 'plain' && outcome === i + 3).length).toBeGreaterThan(80);
  await frozen.dispose();
  await expect(frozen.run(Float32Array.of(1, 2, 3))).rejects.toThrow('has been disposed');
});
