/** A part of a batch that is recorded as another one was has the bits of one that is recorded by itself. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { registerOnnxBackend } from '../register-backend.js';
import { numbers } from '../testing/both-backends.js';
import { lenet, residualNetwork } from '../testing/small-networks.js';
import type { OnnxBackend } from '../tfjs/backend.js';

const backend = () => tf.backend() as OnnxBackend;

beforeEach(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  backend().flush();
});

const valuesOf = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

type Record = (x: tf.Tensor4D, y: tf.Tensor1D) => tf.Tensor[];

const shape: [number, number, number, number] = [2, 12, 12, 1];

/** Records a function for one part, repeats that for another, and records it for the other. */
function repeat(record: Record, seed: number) {
  const [x, other] = [numbers<tf.Rank.R4>(shape, seed), numbers<tf.Rank.R4>(shape, seed + 1)];
  const [y, otherY] = [tf.tensor1d([0, 3], 'int32'), tf.tensor1d([2, 1], 'int32')];
  backend().flush();
  const start = backend().parts.begin();
  const first = tf.tidy(() => record(x, y));
  const again = backend().parts.repeat(first, start, [x, y], [other, otherY]);
  const again2 = again === null ? null : backend().parts.repeat(first, start, [x, y], [other, otherY]);
  const alone = tf.tidy(() => record(other, otherY));
  const values = {
    first: valuesOf(first),
    again: again === null ? null : valuesOf(again),
    twice: again2 === null ? null : valuesOf(again2),
    alone: valuesOf(alone),
  };
  tf.dispose([x, other, y, otherY, first, alone, again ?? [], again2 ?? []]);
  return values;
}

it.each([
  ['a LeNet', lenet],
  ['a residual network with batch norm', residualNetwork],
])('the gradients of %s', (_, make) => {
  const model = make();
  const before = tf.memory().numTensors;
  const record: Record = (x, y) => {
    const { value, grads } = tf.variableGrads(() => {
      const p = model.apply(x, { training: true }) as tf.Tensor2D;
      return tf.losses.softmaxCrossEntropy(tf.oneHot(y, 4), p) as tf.Scalar;
    });
    return [value, ...Object.values(grads)];
  };
  const { first, again, twice, alone } = repeat(record, 1);
  expect(again).toEqual(alone);
  expect(twice).toEqual(alone);
  expect(again).not.toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

const flat = (x: tf.Tensor4D) => tf.reshape(x, [2, 144]) as tf.Tensor2D;

/** Functions of images and labels whose recording depends on the images' numbers, or draws. */
const unrepeatable: readonly [string, Record][] = [
  ['draws for each image', (x) => [tf.add(flat(x), tf.randomUniform([2, 144]))]],
  ['checks the labels', (x, y) => [tf.gather(flat(x), y as tf.Tensor1D, 1)]],
  ['drops out', (x) => [tf.dropout(flat(x), 0.5)]],
  ['reads on the way', (x) => [tf.add(flat(x), tf.mean(x).dataSync()[0] ?? 0)]],
  ['reads an image on the way', (x) => [tf.add(tf.mean(x), x.arraySync()[0]?.[0]?.[0]?.[0] ?? 0)]],
  [
    'computes on the way',
    (x) => {
      const y = tf.mul(x, 2);
      y.dataSync();
      return [tf.add(y, 1)];
    },
  ],
  [
    'is so long that it is computed on the way',
    (x) => {
      let y: tf.Tensor = tf.slice(flat(x), [0, 0], [2, 1]);
      for (let i = 0; i < 10_100; i++) y = tf.add(y, 1);
      return [y];
    },
  ],
  [
    'leaves an operation to the cpu backend',
    (x) => [
      tf.add(
        tf.fft(tf.complex(tf.mean(flat(x), 0), tf.zeros([144]))).shape[0] ?? 0,
        tf.real(tf.fft(tf.complex(tf.mean(flat(x), 0), tf.zeros([144])))),
      ),
    ],
  ],
];
it.each(unrepeatable)('not of a function that %s', (_, record) => {
  expect(repeat(record, 3).again).toBeNull();
});

/** Element-wise functions, and those that go over axes. */
const functions: readonly ((x: tf.Tensor2D, y: tf.Tensor1D) => tf.Tensor2D)[] = [
  (x) => tf.relu(x),
  (x) => tf.mul(x, 0.5),
  (x) => tf.sub(x, tf.mean(x, 0, true)),
  (x) => tf.sub(x, tf.mean(x, 1, true)),
  (x) => tf.tanh(x),
  (x) => tf.concat([tf.slice(x, [1, 0], [1, 144]), tf.slice(x, [0, 0], [1, 144])], 0),
  (x, y) => tf.add(x, tf.reshape(tf.cast(y, 'float32'), [2, 1])),
  (x, y) => tf.mul(x, tf.tile(tf.oneHot(y, 4) as tf.Tensor2D, [1, 36])),
  (x, y) => tf.where(tf.greater(tf.reshape(y, [2, 1]), 1), x, tf.zerosLike(x)),
  (x) => tf.add(x, tf.range(0, 144)),
  (x) => tf.matMul(x, tf.fill([144, 144], 0.1) as tf.Tensor2D),
  (x) => tf.reverse(x, 1),
];

it('any composition of operations', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(functions.length - 1), { minLength: 1, maxLength: 6 }),
      fc.nat(1000),
      (chosen, seed) => {
        const { again, twice, alone } = repeat((x, y) => {
          const steps = [flat(x)];
          for (const i of chosen) {
            const f = functions[i];
            const last = steps.at(-1);
            if (f !== undefined && last !== undefined) steps.push(f(last, y));
          }
          return steps.slice(1);
        }, seed);
        if (again === null) throw new Error('refused');
        expect(again).toEqual(alone);
        expect(twice).toEqual(alone);
      },
    ),
    { numRuns: 60 },
  );
});
