/** Parts of a step that another thread computes: the same bits as here, whatever happens to their tensors meanwhile. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Elements } from '../graph/layout.js';
import { engineStats, registerOnnxBackend } from '../register-backend.js';
import { type Answer, type ReplicaThread, startReplica } from '../replicas/replica-thread.js';
import { numbers } from '../testing/both-backends.js';
import type { OnnxBackend } from './backend.js';

const backend = () => tf.backend() as OnnxBackend;
const thread = startReplica();
afterAll(() => thread.close());

beforeEach(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  backend().flush();
});

const filter = (seed: number) => numbers<tf.Rank.R4>([3, 3, 2, 4], seed);

/** A loss and its gradients, of a convolution's filter and a dense layer's kernel. */
function step(images: tf.Tensor4D, filters: tf.Variable<tf.Rank.R4>, kernel: tf.Variable<tf.Rank.R2>): tf.Tensor[] {
  return tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() => {
      const y = tf.relu(tf.conv2d(images, filters, 1, 'same'));
      return tf.mean(tf.square(tf.matMul(tf.reshape(y, [images.shape[0], -1]), kernel))) as tf.Scalar;
    });
    return [value, ...Object.values(grads)];
  });
}

const valuesOf = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

interface Setup {
  readonly images: (count: number, seed: number) => tf.Tensor4D;
  readonly run: (images: tf.Tensor4D) => tf.Tensor[];
}

/** Gives a network's weights to a test, and expects that it leaves no tensor. */
async function withNetwork(test: (setup: Setup) => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  const weights = [tf.variable(filter(1)), tf.variable(numbers<tf.Rank.R2>([64, 3], 2))] as const;
  await test({
    images: (count, seed) => numbers<tf.Rank.R4>([count, 4, 4, 2], seed),
    run: (images) => step(images, ...weights),
  });
  tf.dispose([...weights]);
  // The initial values of the variables.
  expect(tf.memory().numTensors).toBe(before + 2);
}

describe('what another thread computes', () => {
  it('has the bits of what this one computes, and is counted', () =>
    withNetwork(async ({ images, run }) => {
      const { elsewhere } = engineStats();
      const x = images(3, 5);
      const here = run(x);
      backend().flush(2);
      for (let i = 0; i < 3; i++) {
        const there = run(x);
        await backend().parts.flushElsewhere(thread, 2);
        expect(valuesOf(there)).toEqual(valuesOf(here));
        tf.dispose(there);
      }
      expect(engineStats().elsewhere).toBe(elsewhere + 3);
      tf.dispose([x, here]);
    }));

  it('may be disposed of or read while it is computed, in any order', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('keep', 'dispose', 'read', 'use'), { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 1, max: 3 }),
        (fates, count) =>
          withNetwork(async ({ images, run }) => {
            const x = images(count, 7);
            const expected = run(x);
            const values = valuesOf(expected);
            const there = run(x);
            const answer = backend().parts.flushElsewhere(thread, 2);
            const uses: tf.Tensor[] = [];
            fates.forEach((fate, i) => {
              const tensor = there[i] as tf.Tensor;
              if (fate === 'dispose') tensor.dispose();
              else if (fate === 'read') expect([...tensor.dataSync()]).toEqual(values[i]);
              else if (fate === 'use') uses.push(tf.add(tensor, 0));
            });
            await answer;
            // Buffers of what is gone are used again: what is there must not be in one of them.
            const more = [1, 2, 3].flatMap(() => run(x));
            expect(valuesOf(more)).toEqual([...values, ...values, ...values]);
            fates.forEach((fate, i) => {
              if (fate !== 'dispose') expect([...(there[i] as tf.Tensor).dataSync()]).toEqual(values[i]);
            });
            const used = fates.flatMap((fate, i) => (fate === 'use' ? [values[i]] : []));
            expect(valuesOf(uses)).toEqual(used);
            tf.dispose([x, expected, more, uses]);
            for (const tensor of there) tensor.dispose();
          }),
      ),
      { numRuns: 40 },
    ));

  it('reads values as they are when it is begun, whatever becomes of them', () =>
    withNetwork(async ({ images, run }) => {
      const x = images(2, 11);
      const expected = run(x);
      const there = run(x);
      const answer = backend().parts.flushElsewhere(thread, 2);
      x.dispose();
      // As large as the images, so that they would be written to their buffer.
      const others = [1, 2, 3].map((seed) => tf.tidy(() => tf.mul(images(2, seed), 2)));
      backend().flush();
      await answer;
      expect(valuesOf(there)).toEqual(valuesOf(expected));
      tf.dispose([expected, there, others]);
    }));
});

/** A thread that fails in a way. */
const failing = (run: ReplicaThread['run']): ReplicaThread => ({
  ended: null,
  load: () => {},
  drop: () => {},
  run,
  close: async () => {},
});

describe('what another thread fails to compute', () => {
  it.each([
    ['it is gone, with the buffers', failing(() => Promise.reject(new Error('gone')))],
    ['it says so', failing(async (_, __, outputs) => ({ outputs, failure: 'no memory' }))],
  ])('is computed here: %s', (_, lost) =>
    withNetwork(async ({ images, run }) => {
      const x = images(2, 3);
      const expected = run(x);
      const values = valuesOf(expected);
      const there = run(x);
      const answer = backend().parts.flushElsewhere(lost, 2);
      x.dispose();
      // What it is computed from must be there still, although nobody else wants it.
      backend().flush();
      const others = [1, 2, 3].map((seed) => images(2, seed));
      expect(await answer).not.toBeNull();
      expect(valuesOf(there)).toEqual(values);
      tf.dispose([expected, there, others]);
    }),
  );

  it('fails here in its own words, and alone', async () => {
    const before = tf.memory().numTensors;
    const x = numbers([5], 1);
    // Indices that are not computed yet are checked when the graph runs.
    const wrong = tf.tidy(() => tf.gather(x, tf.add(tf.tensor1d([7], 'int32'), tf.scalar(0, 'int32')) as tf.Tensor1D));
    const right = tf.mul(x, 2);
    await backend().parts.flushElsewhere(thread, 2);
    expect([...right.dataSync()]).toEqual([...x.dataSync()].map((value) => Math.fround(2 * value)));
    expect(() => wrong.dataSync()).toThrow(/Gather/);
    tf.dispose([x, wrong, right]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('what a thread reads stays as it was until it answers, although another thread has answered', () =>
  withNetwork(async ({ images, run }) => {
    let read: readonly (Elements | null)[] = [];
    let answerLate = (_: Answer): void => {};
    const late = failing((_, inputs) => {
      read = inputs;
      return new Promise((resolve) => {
        answerLate = resolve;
      });
    });
    const soon = failing(async (_, __, outputs) => ({ outputs, failure: 'soon' }));
    const copies = () => read.map((input) => (input === null ? null : [...input]));
    const x = images(2, 3);
    const there = run(x);
    const lateAnswer = backend().parts.flushElsewhere(late, 2);
    const before = copies();
    tf.dispose([x, ...there]);
    backend().flush();
    for (let i = 0; i < 3; i++) {
      const other = images(2, 10 + i);
      const results = run(other);
      await backend().parts.flushElsewhere(soon, 2);
      tf.dispose([other, ...results]);
      backend().flush();
    }
    expect(before.filter((input) => input !== null).length).toBeGreaterThan(2);
    expect(copies()).toEqual(before);
    answerLate({ outputs: [], failure: 'late' });
    expect(await lateAnswer).toBe('late');
  }));

it('buffers of results come back to the pool, whatever became of their tensors meanwhile', () =>
  withNetwork(async ({ images, run }) => {
    const x = images(2, 3);
    const round = async (fate: 'keep' | 'dispose' | 'read') => {
      const there = run(x);
      const answer = backend().parts.flushElsewhere(thread, 2);
      if (fate === 'read') valuesOf(there);
      if (fate === 'dispose') tf.dispose(there);
      await answer;
      tf.dispose(there);
      // Buffers are free after the next run.
      tf.tidy(() => tf.add(x, 1).dataSync());
    };
    const levels: number[] = [];
    for (const fate of ['keep', 'read', 'dispose', 'keep'] as const) {
      for (let i = 0; i < 12; i++) await round(fate);
      levels.push(backend().engine.pool.bytes);
    }
    const [kept = 0, read = 0, disposed = 0, again = 0] = levels;
    expect(kept).toBeGreaterThan(0);
    expect(read).toBeGreaterThanOrEqual(kept);
    expect(disposed).toBe(kept);
    expect(again).toBe(kept);
    x.dispose();
  }));

it('graphs of a training with replicas are others, whose threads sleep: the same graph afterwards is compiled for itself', async () => {
  const x = numbers([40], 1);
  const compiled = () => {
    const before = engineStats().compilations;
    tf.tidy(() => tf.sin(tf.mul(x, 3)).dataSync());
    return engineStats().compilations - before;
  };
  const replicas = backend().startReplicas(2);
  expect([compiled(), compiled()]).toEqual([1, 0]);
  await replicas.close();
  expect([compiled(), compiled()]).toEqual([1, 0]);
  x.dispose();
});

describe('a thread', () => {
  it('that has ended says so, and ends once', async () => {
    const short = startReplica();
    await short.close();
    await short.close();
    expect(short.ended).toBe('exit code 0');
    await expect(short.run(0, [], [])).rejects.toThrow('has ended');
  });

  it('says which graph it does not have, and gives the buffers back', async () => {
    const { outputs, failure } = await thread.run(-1, [], [new Float32Array(3)]);
    expect(failure).toBe('graph -1 is not loaded');
    expect(outputs[0]).toHaveLength(3);
  });
});
