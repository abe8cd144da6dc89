/** Random sequences of writing, recording, assigning, reading, disposing, changing the backend and failing agree with tfjs's cpu backend. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';

const kinds = [
  'write',
  'record',
  'reshape',
  'assign',
  'gather',
  'read',
  'dispose',
  'switch',
  'refill',
  'step',
] as const;
const actions = fc.array(
  fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(20), b: fc.nat(20), value: fc.integer({ min: -3, max: 5 }) }),
  { minLength: 3, maxLength: 25 },
);
type Actions = readonly { kind: (typeof kinds)[number]; a: number; b: number; value: number }[];

/**
 * What was read, with 'error' for what failed. Gathering beyond the end fails: on cpu at once, else when it is read. The
 * cpu backend gets copies of the buffer: its tensors would change with it.
 */
async function play(sequence: Actions, home: 'cpu' | 'onnx'): Promise<unknown[]> {
  await tf.setBackend(home);
  const log: unknown[] = [];
  const buffer = new Float32Array(4).fill(1);
  const variable = tf.variable(tf.tensor1d([1, 2, 3, 4]));
  const optimizer = tf.train.momentum(0.125, 0.5);
  const { numTensors } = tf.memory();
  /** Null stands for what could not be made. */
  const tensors: (tf.Tensor | null)[] = [tf.tensor1d([4, 3, 2, 1])];
  const pick = (index: number) => tensors[index % tensors.length] ?? null;
  const line = (tensor: tf.Tensor | null): tf.Tensor1D => {
    if (tensor === null) throw new Error('there is none');
    return tf.reshape(tensor, [4]);
  };
  const attempt = (make: () => tf.Tensor): void => {
    try {
      tensors.push(tf.tidy(make));
    } catch {
      tensors.push(null);
    }
  };
  const read = (tensor: tf.Tensor | null): unknown => {
    if (tensor === null) return 'error';
    try {
      return [...tensor.dataSync()];
    } catch {
      return 'error';
    }
  };
  for (const { kind, a, b, value } of sequence) {
    const [x, y] = [pick(a), pick(b)];
    if (kind === 'write') attempt(() => tf.tensor1d(tf.getBackend() === 'cpu' ? buffer.slice() : buffer));
    else if (kind === 'refill') buffer.fill(value);
    else if (kind === 'switch') await tf.setBackend(home === 'onnx' && tf.getBackend() === 'onnx' ? 'cpu' : home);
    else if (kind === 'read') log.push(read(x));
    else if (kind === 'record') attempt(() => tf.add(tf.mul(line(x), 0.5), line(y)));
    else if (kind === 'reshape') attempt(() => tf.reshape(line(x), value % 2 === 0 ? [2, 2] : [4]));
    else if (kind === 'gather') {
      attempt(() => tf.gather(line(x), tf.cast(tf.tensor1d([0, 1, 2, Math.max(0, value)]), 'int32')));
    } else if (kind === 'assign') {
      try {
        tf.tidy(() => variable.assign(tf.add(variable, line(x))));
      } catch {
        // On cpu; here it is the first read that tells.
      }
      read(variable);
      log.push(read(variable));
    } else if (kind === 'step') {
      try {
        const loss = tf.tidy((): tf.Tensor => {
          const ids = tf.cast(tf.tensor1d([Math.max(0, value)]), 'int32');
          return (
            optimizer.minimize(() => tf.sum(tf.square(tf.gather(variable, ids))) as tf.Scalar, true, [variable]) ??
            tf.scalar(0)
          );
        });
        try {
          log.push(loss.dataSync()[0]);
        } finally {
          loss.dispose();
        }
      } catch {
        log.push('step failed');
      }
      log.push(read(variable));
    } else if (tensors.length > 1) {
      x?.dispose();
      tensors[a % tensors.length] = null;
    }
  }
  log.push(...tensors.map(read), read(variable));
  tf.dispose(tensors.filter((tensor) => tensor !== null));
  // On cpu tfjs's tape keeps what it has saved when the loss throws. One tensor is the optimizer's momentum.
  const left = tf.memory().numTensors - numTensors;
  log.push(home === 'cpu' || left <= 1 ? 'nothing left' : left);
  variable.dispose();
  optimizer.dispose();
  await tf.setBackend(home);
  return log;
}

it('a thousand sequences', async () => {
  registerOnnxBackend({ threads: 1 });
  await fc.assert(
    fc.asyncProperty(actions, async (sequence) => {
      const expected = await play(sequence, 'cpu');
      expect(await play(sequence, 'onnx')).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});
