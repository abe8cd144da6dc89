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
