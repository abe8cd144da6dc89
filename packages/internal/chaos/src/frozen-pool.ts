import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { freeze, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { expectThat, inTime } from './expect.js';
import type { Random } from './random.js';

const kinds = ['plain', 'plain', 'plain', 'plain', 'invalid', 'aborted', 'late'] as const;

/** Requests to a frozen model in workers. Some are invalid, aborted or late, and workers die meanwhile. */
export async function frozenPool(requests: number, deaths: number, random: Random): Promise<string> {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  const model = sequential({ layers: [layers.dense({ inputShape: [3], units: 1, kernelInitializer: 'ones' })] });
  const workers = new Set<Worker>();
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, ...given: Parameters<Worker['postMessage']>) {
    // Not the thread in which a TypeScript loader of Node lives.
    if (this.constructor === Worker) workers.add(this);
    post.apply(this, given);
  };
  const frozen = freeze(model, { worker: 2, threads: 1, batching: { maxBatchSize: 8, maxDelay: 1 } });
  const outcomes = { right: 0, invalid: 0, aborted: 0, late: 0, died: 0 };
  const answers = new Uint8Array(requests);
  const ask = async (i: number) => {
    const kind = kinds[random.below(kinds.length)] ?? 'plain';
    const abort = new AbortController();
    const images = kind === 'invalid' ? Float32Array.of(1, 2) : Float32Array.of(i, 1, 2);
    const request = frozen.run(images, {
      ...(kind === 'aborted' ? { signal: abort.signal } : {}),
      ...(kind === 'late' ? { timeout: random.below(3) } : {}),
    });
    if (kind === 'aborted') abort.abort(new Error('gone'));
    await request.then(
      ([sum]) => {
        answers[i] = (answers[i] ?? 0) + 1;
        expectThat(sum === i + 3, `request ${i} got ${sum}`);
        outcomes.right++;
      },
      (error: Error) => {
        answers[i] = (answers[i] ?? 0) + 1;
        if (error.message === 'gone') outcomes.aborted++;
        else if (error.name === 'TimeoutError') outcomes.late++;
        else if (/has died/.test(error.message)) outcomes.died++;
        else {
          expectThat(kind === 'invalid', `request ${i} got ${error.message}`);
          outcomes.invalid++;
        }
      },
    );
  };
  const perDeath = Math.max(1, Math.floor(requests / deaths));
  let killed = 0;
  for (let start = 0; start < requests; start += 50) {
    const group = Array.from({ length: Math.min(50, requests - start) }, (_, k) => ask(start + k));
    if (killed < deaths && start >= killed * perDeath + perDeath / 2) {
      await setImmediate();
      const alive = [...workers].filter((worker) => worker.threadId > 0);
      const victim = alive[random.below(alive.length)];
      if (victim !== undefined) {
        // The pool lets go of a thread without requests, so that this alone would not keep the process alive.
        await inTime('the end of a worker', victim.terminate());
        killed++;
      }
    }
    await inTime(`request ${start} to ${start + 50}`, Promise.all(group));
  }
  await inTime('dispose', frozen.dispose());
  Worker.prototype.postMessage = post;
  model.dispose();
  expectThat(
    answers.every((count) => count === 1),
    'a request was answered twice or not at all',
  );
  await tf.setBackend('cpu');
  return `${requests} requests, ${killed} workers died: each answered once, none wrong (${Object.entries(outcomes)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')})`;
}
