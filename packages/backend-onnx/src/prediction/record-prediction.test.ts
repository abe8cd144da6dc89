/** Recording leaves the user's objects as they were. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { onnxBackend } from '../register-backend.js';
import { recordPrediction } from './record-prediction.js';

it("follows layers' calls, and gives each the call back that it had: a layer's own, or its class's", () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ inputShape: [3], units: 2, name: 'plain' }),
      tfl.layers.dense({ units: 2, name: 'special' }),
    ],
  });
  const [plain, special] = model.layers as [tfl.layers.Layer, tfl.layers.Layer];
  const original = special.call;
  const own: typeof original = (inputs, kwargs) => tf.mul(original.call(special, inputs, kwargs) as tf.Tensor, 2);
  special.call = own;
  const { layerOf } = recordPrediction(model, { batchSize: 1 }, onnxBackend());
  expect(new Set(layerOf.values())).toEqual(new Set(['plain', 'special']));
  expect(Object.getOwnPropertyDescriptor(special, 'call')).toEqual({
    value: own,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  expect(Object.hasOwn(plain, 'call')).toBe(false);
  model.dispose();
});

const record = (model: tfl.LayersModel) => recordPrediction(model, { batchSize: 1 }, onnxBackend());

it('inside a call gives back what it had found, and so does the recording around it', () => {
  const inner = tfl.sequential({ layers: [tfl.layers.dense({ inputShape: [3], units: 2, name: 'shared' })] });
  const outer = tfl.sequential({ layers: [...inner.layers, tfl.layers.dense({ units: 2, name: 'last' })] });
  const [shared, last] = outer.layers as [tfl.layers.Layer, tfl.layers.Layer];
  const original = last.call;
  const seen: string[] = [];
  last.call = (inputs, kwargs) => {
    seen.push(...record(inner).layerOf.values());
    return original.call(last, inputs, kwargs);
  };
  const { layerOf } = record(outer);
  expect(new Set(seen)).toEqual(new Set(['shared']));
  expect(new Set(layerOf.values())).toEqual(new Set(['shared', 'last']));
  expect(Object.hasOwn(shared, 'call')).toBe(false);
  outer.dispose();
});

it('that fails, in a layer or before it, leaves all layers as they were', () => {
  const build = () =>
    tfl.sequential({ layers: [tfl.layers.dense({ inputShape: [3], units: 2 }), tfl.layers.dense({ units: 2 })] });
  const [throwing, frozen] = [build(), build()];
  const failure = new Error('on purpose');
  (throwing.layers[1] as tfl.layers.Layer).call = () => {
    throw failure;
  };
  expect(() => record(throwing)).toThrow(failure);
  Object.freeze(frozen.layers[1]);
  expect(() => record(frozen)).toThrow(TypeError);
  for (const model of [throwing, frozen]) expect(Object.hasOwn(model.layers[0] as object, 'call')).toBe(false);
});
