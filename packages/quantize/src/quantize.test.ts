/** Quantized networks: beside those of onnxruntime's own quantizer, and their answers. */
import { freeze, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from './fixtures/quantizer.json' with { type: 'json' };
import { type QuantizeOptions, quantize } from './index.js';
import { type Figures, figuresOf } from './testing/figures.js';
import { batches, networks } from './testing/networks.js';

beforeAll(async () => {
  registerOnnxBackend();
  await tf.setBackend('onnx');
});

const forms: Readonly<Record<string, QuantizeOptions>> = {
  minmax: { method: 'minmax', weights: 'int8' },
  'minmax, one scale': { method: 'minmax', weights: 'int8', perChannel: false },
  entropy: { method: 'entropy', weights: 'int8' },
  'percentile, 7 bits': { method: 'percentile', weights: 'int7' },
};

/** What is compared with 1e-6 is a scale, and a sum of them has as many times that. */
function expectEqual(found: Figures, expected: Figures): void {
  for (const [name, figures] of Object.entries(expected)) {
    // Scores stay in float here.
    if (!(name in found)) {
      expect(['linear', 'linear_quantized']).toContain(name);
      continue;
    }
    const own = found[name] ?? [];
    expect(own.length, name).toBe(figures.length);
    for (const [i, figure] of figures.entries())
      expect(Math.abs((own[i] ?? Number.NaN) - figure), `${name}[${i}]`).toBeLessThanOrEqual(
        1e-6 * Math.max(1, figure),
      );
  }
}

describe.each(Object.entries(golden as Readonly<Record<string, Readonly<Record<string, Figures>>>>))(
  '%s',
  (name, expected) => {
    it.each(Object.entries(forms))('has the scales and zero points of onnxruntime, %s', async (form, options) => {
      const model = networks[name]?.();
      if (model === undefined) throw new Error(`no network ${name}`);
      const size = model.inputs[0]?.shape.slice(1).reduce((product: number, each) => product * (each ?? 1), 1) ?? 0;
      const before = tf.memory().numTensors;
      const quantized = await quantize(model, batches(size), options);
      expect(tf.memory().numTensors).toBe(before);
      expectEqual(figuresOf(quantized.model), expected[form] ?? {});
      const frozen = freeze(quantized);
      const [images = new Float32Array()] = batches(size);
      const scores = frozen.run(images);
      const exact = tf.tidy(() =>
        (model.predict(tf.tensor4d(images, [4, 32, 32, 3])) as tf.Tensor).dataSync<'float32'>(),
      );
      const largest = exact.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
      for (const [i, score] of scores.entries())
        expect(Math.abs(score - (exact[i] ?? 0)) / largest, `score ${i}`).toBeLessThan(0.1);
      frozen.dispose();
      model.dispose();
    });
  },
);
