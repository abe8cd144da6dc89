/** Networks of keras.applications on small images, from figures that fixtures/make-keras-applications.py has made with Keras. */
import { readFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { inceptionV3 } from '@cnnzoo/inception';
import { resnet50, resnet50V2 } from '@cnnzoo/resnet';
import { relativeError, uniform } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { loadStateDict } from '../model/load-state-dict.js';
import { weightRole } from '../state-dict/roles.js';
import type { StateDict } from '../state-dict/state-dict.js';
import { applyWeightRules } from './weight-rules.js';

interface Golden {
  readonly side: number;
  readonly logits: readonly number[];
  /** Shapes by layer and Keras's name of the weight. */
  readonly weights: Readonly<Record<string, number[]>>;
}

const goldens = JSON.parse(
  readFileSync(new URL('../fixtures/keras-applications.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Golden>>;

/** As in the script. */
function value(key: string, shape: readonly number[]): Float32Array {
  const size = (axes: readonly number[]) => axes.reduce((product, n) => product * n, 1);
  const u = uniform(key, size(shape));
  const factor = Math.fround(Math.sqrt(6 / size(shape.slice(0, -1))));
  if (shape.length > 1) return u.map((x) => x * factor);
  if (key.endsWith('.gamma')) return u.map((x) => 1 + 0.1 * x);
  if (key.endsWith('.moving_variance')) return u.map((x) => 1 + 0.5 * Math.abs(x));
  return u.map((x) => 0.1 * x);
}

const small = { numClasses: 10, initialWeights: 'zeros' } as const;

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});

test.each([
  ['ResNet50', 'kerasResnet', (inputShape) => resnet50({ variant: 'v1', inputShape, ...small })],
  ['ResNet50V2', 'kerasResnetV2', (inputShape) => resnet50V2({ variant: 'keras', inputShape, ...small })],
  ['InceptionV3', 'kerasInceptionV3', (inputShape) => inceptionV3({ countIncludePad: false, inputShape, ...small })],
] as const satisfies readonly [string, string, (inputShape: [number, number, number]) => unknown][])(
  "computes what Keras's %s computes",
  { timeout: 900_000 },
  (name, rules, build) => {
    const { side = 0, logits = [], weights = {} } = goldens[name] ?? {};
    const model = build([side, side, 3]);
    const dict: StateDict = new Map(
      Object.entries(weights).map(([key, shape]) => {
        const [layer = '', variable = ''] = key.split('.');
        const tensor = { shape, dtype: 'F32', layout: 'keras', data: value(key, shape) } as const;
        return [`${layer}.${weightRole(variable)}`, tensor];
      }),
    );
    loadStateDict(model, applyWeightRules(dict, rules, model));
    const error = tf.tidy(() => {
      const image = tf.tensor4d(uniform('input', side * side * 3), [1, side, side, 3]);
      // Keras's first networks take BGR.
      const y = model.predict(rules === 'kerasResnet' ? tf.reverse(image, 3) : image) as tf.Tensor;
      return relativeError(y.dataSync(), logits);
    });
    expect(error).toBeLessThan(1e-4);
    model.dispose();
  },
);
