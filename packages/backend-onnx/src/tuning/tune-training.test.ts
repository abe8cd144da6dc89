import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { formatWinners, readWinners, tunedFor, winnersPath, writeWinners } from '../engine/winners-file.js';
import type { FormQuestion } from '../graph/forms.js';
import { engineStats, onnxBackend } from '../register-backend.js';
import { numbers } from '../testing/both-backends.js';
import { tuneTraining } from './tune-training.js';
import { tunedConvolutions } from './tuned-convolutions.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-tuning-'));

beforeAll(async () => {
  vi.stubEnv('CNNZOO_TUNING', folder);
  onnxBackend();
  await tf.setBackend('onnx');
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Steps of gradient descent on one filter. @returns a step, which gives the filter's values after it */
function descent() {
  const filter = tf.variable(numbers([3, 3, 16, 16], 1));
  const x = numbers<tf.Rank.R4>([2, 12, 12, 16], 2);
  return {
    step: async () => {
      tf.tidy(() => {
        const { grads } = tf.variableGrads(
          () =>
            tf.sum(
              tf.square(tf.conv2d(tf.conv2d(x, filter as tf.Tensor4D, 1, 'same'), filter as tf.Tensor4D, 2, 'same')),
            ),
          [filter],
        );
        for (const gradient of Object.values(grads)) filter.assign(tf.sub(filter, tf.mul(gradient, 1e-7)));
      });
      return filter.data();
    },
    dispose: () => tf.dispose([filter, x]),
  };
}

async function after(steps: number): Promise<Float32Array> {
  const { step, dispose } = descent();
  for (let i = 1; i < steps; i++) await step();
  const values = (await step()) as Float32Array;
  dispose();
  return values;
}

describe('tuneTraining', () => {
  it('measures every convolution, and keeps what is faster as a whole', async () => {
    const { step, dispose } = descent();
    const found = await tuneTraining(step, { seconds: 5 });
    dispose();
    // The filters' gradients of both convolutions; on processors with blocked kernels the convolutions, too.
    expect(found.measured).toBe(onnxBackend().engine.graphOptions.block > 0 ? 4 : 2);
    expect(found.kept).toBe(found.faster > 0 && found.after < found.before);
    expect(found.file !== null).toBe(found.kept);
    expect(engineStats().tunedConvolutions).toBe(found.kept ? found.faster : 0);
    onnxBackend().forms = '{}';
  });

  it('gives the same bits with the same winners, and what the rules give up to rounding', async () => {
    const backend = onnxBackend();
    const { engine } = backend;
    const ruled = await after(3);
    const questions: FormQuestion[] = [];
    engine.sessions.forget();
    engine.sessions.onFormQuestion = (question) => questions.push(question);
    await after(1);
    engine.sessions.onFormQuestion = () => {};
    const others = questions.map(
      ({ key, possible, rule }) => [key, possible.find((form) => form !== rule) ?? rule] as const,
    );
    backend.forms = formatWinners(new Map(others));
    const other = await after(3);
    expect(other).not.toEqual(ruled);
    for (const [i, value] of ruled.entries()) expect(other[i]).toBeCloseTo(value, 4);
    const text = backend.forms;
    backend.forms = '{}';
    expect(await after(3)).toEqual(ruled);
    backend.forms = text;
    expect(await after(3)).toEqual(other);
    backend.forms = '{}';
  });

  it('refuses what is no step', async () => {
    await expect(tuneTraining(5 as never)).rejects.toThrow('step must be a function');
  });
});

describe('the file of winners', () => {
  // Of no machine, so that nothing above has written one.
  const tuned = { ...tunedFor(2, 16), processor: 'none' };

  it('is read back, and ignored where it is missing, damaged or of something else', async () => {
    expect(readWinners(tuned).size).toBe(0);
    const path = await writeWinners(tuned, new Map([['forward 1', 'blocked']]));
    expect([...readWinners(tuned)]).toEqual([['forward 1', 'blocked']]);
    const other = { ...tuned, processor: 'another' };
    expect(readWinners(other).size).toBe(0);
    writeFileSync(winnersPath(other), readFileSync(path));
    expect(readWinners(other).size).toBe(0);
    writeFileSync(path, '{"tunedFor":');
    expect(readWinners(tuned).size).toBe(0);
  });

  it('is found for the number of threads that it was measured with', async () => {
    const { graphOptions } = onnxBackend().engine;
    expect(tunedConvolutions(63)).toMatchObject({ count: 0 });
    const path = await writeWinners(tunedFor(63, graphOptions.block), new Map([['forward 1', 'blocked']]));
    expect(tunedConvolutions(63)).toEqual({ count: 1, file: path });
    expect(() => tunedConvolutions(0)).toThrow('threads');
  });

  it('ignores names that are no forms', async () => {
    const backend = onnxBackend();
    const ruled = await after(2);
    backend.forms = JSON.stringify({ 'forward 1': 'fastest' });
    expect(await after(2)).toEqual(ruled);
    backend.forms = '{}';
  });
});
