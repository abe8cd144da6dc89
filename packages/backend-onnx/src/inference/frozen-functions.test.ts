/** Frozen and exported models compute functions to float32's last digits, too. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, expect, it } from 'vitest';
import { exportOnnx } from '../export/export-onnx.js';
import { registerOnnxBackend } from '../register-backend.js';
import { functions, wrongDigits } from '../testing/float-functions.js';
import { freeze } from './freeze.js';

class Apply extends tfl.layers.Layer {
  static className = 'Apply';
  readonly #compute: (x: tf.Tensor) => tf.Tensor;

  constructor(compute: (x: tf.Tensor) => tf.Tensor) {
    super({});
    this.#compute = compute;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => this.#compute([inputs].flat()[0] as tf.Tensor));
  }
}

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

function modelOf(compute: (x: tf.Tensor) => tf.Tensor, size: number): tfl.LayersModel {
  const input = tfl.input({ shape: [size] });
  return tfl.model({ inputs: input, outputs: new Apply(compute).apply(input) as tfl.SymbolicTensor });
}

/** ONNX has no float32 form of these, or they are no part of a prediction. */
const exportable = functions.filter(([name]) => !name.includes('gradient') && name !== 'tan');

it.each(exportable)(
  '%s, frozen and exported, is right to 4 units in the last place',
  async (_, apply, reference, xs) => {
    const model = modelOf(apply, xs.length);
    const x = Float32Array.from(xs);
    const frozen = freeze(model);
    const session = await InferenceSession.create(exportOnnx(model));
    const [[input = ''], [output = '']] = [session.inputNames, session.outputNames];
    const exported = (await session.run({ [input]: new Tensor('float32', x, [1, x.length]) }))[output];
    for (const values of [frozen.run(x), exported?.data as Float32Array]) {
      const wrong = wrongDigits(values, reference, xs);
      expect(wrong.slice(0, 8), `${wrong.length} of ${xs.length}`).toEqual([]);
    }
    frozen.dispose();
    await session.release();
    model.dispose();
  },
);

const operators = (file: Uint8Array, type: string) =>
  Buffer.from(file)
    .toString('latin1')
    .split(`"${String.fromCharCode(type.length)}${type}`).length - 1;

it('only swish of large maps that are computed with further takes the short form', () => {
  const swish = (x: tf.Tensor) => tf.mul(x, tf.sigmoid(x));
  const short = modelOf((x) => tf.relu(swish(x)), 2 ** 15);
  const result = modelOf(swish, 2 ** 15);
  const small = modelOf((x) => tf.relu(swish(x)), 100);
  expect([short, result, small].map((model) => operators(exportOnnx(model), 'Exp'))).toEqual([0, 1, 1]);
  for (const model of [short, result, small]) model.dispose();
});
