/** The layers in front of a network that whiten its images, as the papers on CIFAR have it. They are saved with the model. */
import { check, checkOptions, layersModel, rule } from '@cnnzoo/checks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { constant } from '../initial-weights/initializers.js';
import { connect, flatten } from '../layers/connect.js';
import { contrastNormalization } from '../layers/contrast-normalization.js';
import { dense } from '../layers/dense.js';
import { initializers, layers, tf } from '../tfjs.js';

/** How a network whitens its images: their contrast alone, or, after it, ZCA. */
export type Whitening = 'contrast' | 'zca';

const name = 'whitening.zca';

/** An image from 0 to 1, whitened. ZCA is the identity until `setZca` gives it its weights, which training does not change. */
export function whitened(input: SymbolicTensor, whitening: Whitening): SymbolicTensor {
  const normalized = connect(input, contrastNormalization({ name: 'whitening.contrast' }));
  if (whitening === 'contrast') return normalized;
  const [height, width, channels] = input.shape.slice(1);
  if (typeof height !== 'number' || typeof width !== 'number' || typeof channels !== 'number')
    throw new RangeError(
      `inputShape must have a known height and width for whitening 'zca', got [${input.shape.slice(1)}]`,
    );
  const start = { kernelInitializer: initializers.identity({}), biasInitializer: constant(0) };
  return connect(
    normalized,
    flatten({ name: 'whitening.flatten' }),
    dense({ name, units: height * width * channels, trainable: false, ...start }),
    layers.reshape({ name: 'whitening.reshape', targetShape: [height, width, channels] }),
  );
}

/** What `fitZca` of @cnnzoo/transforms finds of images of n values. */
export interface ZcaWeights {
  /** [n] */
  readonly mean: Float64Array;
  /** [n, n] */
  readonly matrix: Float64Array;
}

/**
 * Gives a network that was built with `whitening: 'zca'` what was fitted on its training images.
 * @param model from images [batch, height, width, channels], of n values each
 * @param zca `mean` [n] and `matrix` [n, n] from `fitZca` of @cnnzoo/transforms, of images as they are after contrast normalization
 * @throws TypeError or RangeError where the model whitens nothing, or images of another size
 * @example
 * import { setZca } from '@cnnzoo/blocks';
 * import { cifarNin } from '@cnnzoo/cifar-networks';
 * import { compose, fitZca, globalContrastNormalization, toTensor } from '@cnnzoo/transforms';
 *
 * const model = cifarNin({ inputShape: [8, 8, 3], whitening: 'zca' });
 * const photos = [1, 2, 3].map((k) => ({ data: new Uint8Array(192).map((_, i) => (i * k) % 256), width: 8, height: 8, channels: 3 }));
 * const normalize = compose([toTensor(), globalContrastNormalization()]);
 * setZca(model, await fitZca(photos.map((photo) => normalize(photo))));
 */
export function setZca(model: LayersModel, zca: ZcaWeights): void {
  check('model', model, layersModel<LayersModel>());
  const numbers = rule<Float64Array>('a Float64Array', (value) => value instanceof Float64Array);
  const { mean, matrix } = checkOptions<ZcaWeights>('zca', zca, { mean: numbers, matrix: numbers });
  const layer = model.layers.find((each) => each.name === name);
  if (layer === undefined)
    throw new TypeError(`model '${model.name}' has no layer for it: build it with the option whitening: 'zca'`);
  const n = Number(layer.weights[0]?.shape[0]);
  if (mean.length !== n || matrix.length !== n * n)
    throw new RangeError(
      `zca must be of images of ${n} values, as '${model.name}' takes them, got ${mean.length} and ${matrix.length} values`,
    );
  // (x - mean) matrix = x matrix - mean matrix. In float64, because the second sum is of n products.
  const bias = Float32Array.from({ length: n }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < n; row++) sum -= (mean[row] ?? 0) * (matrix[row * n + column] ?? 0);
    return sum;
  });
  tf.tidy(() => layer.setWeights([tf.tensor2d(Float32Array.from(matrix), [n, n]), tf.tensor1d(bias)]));
}
