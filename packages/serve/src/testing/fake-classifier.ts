/** A classifier whose outputs are easy to check, and whose workers can be slow, fail or be missing. */
import type { Predictor, ServedClassifier } from '../models/served-classifier.js';

export const side = 4;
export const channels = 3;
export const imageValues = side * side * channels;

/** The sums of an image's channels. */
export function sumsOf(image: Float32Array): Float32Array {
  const sums = new Float32Array(channels);
  for (let i = 0; i < image.length; i++) sums[i % channels] = (sums[i % channels] ?? 0) + (image[i] ?? 0);
  return sums;
}

export interface FakeClassifier extends ServedClassifier {
  /** Called with each batch before it is answered; throws as a worker that dies. */
  onRun: (images: number) => void | Promise<void>;
  /** Predictors that were started and not disposed. */
  open: number;
  /** Images of each batch. */
  readonly batches: number[];
  dispose(): Promise<void>;
  disposed: boolean;
}

export function fakeClassifier(): FakeClassifier {
  const predictor = (): Predictor => {
    fake.open++;
    return {
      async run(images) {
        const count = images.length / imageValues;
        // The first is the server's own, by which it sees that the workers start.
        fake.batches.push(count);
        await fake.onRun(count);
        const outputs = new Float32Array(count * channels);
        for (let i = 0; i < count; i++)
          outputs.set(sumsOf(images.subarray(i * imageValues, (i + 1) * imageValues)), i * channels);
        return outputs;
      },
      dispose() {
        fake.open--;
      },
    };
  };
  const fake: FakeClassifier = {
    categories: ['red', 'green', 'blue'],
    predictions: (outputs, topK) => {
      const total = outputs.reduce((sum, value) => sum + value, 0) || 1;
      return Array.from(outputs, (value, index) => ({
        index,
        category: ['red', 'green', 'blue'][index] ?? '',
        probability: value / total,
      }))
        .sort((a, b) => b.probability - a.probability)
        .slice(0, topK);
    },
    network: {
      input: 'pixels',
      output: 'sums',
      inputShape: [side, side, channels],
      preprocessing: {
        resizeSize: side,
        cropSize: side,
        interpolation: 'bilinear',
        mean: [0, 0, 0],
        std: [1, 1, 1],
      },
      start: async () => predictor(),
      startMaps: async () => ({
        size: [2, 2],
        predictor: { run: () => Float32Array.from({ length: 12 }, (_, i) => i), dispose() {} },
      }),
    },
    onRun: () => {},
    open: 0,
    batches: [],
    disposed: false,
    async dispose() {
      fake.disposed = true;
    },
  };
  return fake;
}
