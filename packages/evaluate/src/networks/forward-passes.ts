import * as tf from '@tensorflow/tfjs-core';
import type { View } from '../protocols/protocol.js';
import type { Network } from './classifier.js';

/** Inputs of one forward pass by default: the pixels of 32 images of 224 x 224, and never more than this many. */
const pixelsPerPass = 32 * 224 * 224;
const mostInputs = 128;

/** How many inputs of a size one forward pass takes. */
export function inputsPerPass(batchSize: number | undefined, height: number, width: number): number {
  if (batchSize !== undefined) return batchSize;
  return Math.min(mostInputs, Math.max(1, Math.floor(pixelsPerPass / Math.max(1, height * width))));
}

/** Inputs of the same size that go through a network together. */
interface Pass {
  readonly network: Network;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly dense: boolean;
  /** The inputs one after the other, and room for more. */
  values: Float32Array;
  /** For each input where its probabilities are added, and its share. */
  readonly targets: { readonly mean: Float64Array; readonly weight: number }[];
}

/** Forward passes over views that come one by one. */
interface ForwardPasses {
  /**
   * Copies a view; what it gives, times `weight`, will be added to `mean` as the network says: the softmax of its logits. Runs a pass when it is full, and waits for the one
   * before: one runs while the next is filled.
   */
  add(network: Network, view: View, mean: Float64Array, weight: number): Promise<void>;
  /** Runs the passes that are not full. @returns when all that was added is computed */
  finish(): Promise<void>;
  /** Waits until nothing runs, whether it failed or not. */
  idle(): Promise<void>;
}

/**
 * Collects views into passes and runs these one after the other. Views are copied into memory that later passes use again: what is made
 * for an image is garbage at once. Kept until its pass is full it would outlive two of V8's minor collections and pile up until a major
 * one, megabytes for a thousand images.
 */
export function forwardPasses(batchSize: number | undefined): ForwardPasses {
  let filling: Pass[] = [];
  const spare: Float32Array[] = [];
  let running = Promise.resolve();

  const memory = (length: number) => {
    const used = spare.pop();
    return used !== undefined && used.length >= length ? used : new Float32Array(length);
  };
  const start = (pass: Pass): Promise<void> => {
    const before = running;
    running = before.then(() => run(pass)).then(() => void spare.push(pass.values));
    // Whoever waits for it later is told.
    running.catch(() => {});
    return before;
  };
  return {
    async add(network, { input, dense }, mean, weight) {
      const { height, width, channels, data } = input;
      const most = inputsPerPass(batchSize, height, width);
      const same = (pass: Pass) =>
        pass.network === network &&
        pass.dense === dense &&
        pass.height === height &&
        pass.width === width &&
        pass.channels === channels;
      let pass = filling.find(same);
      if (pass === undefined) {
        pass = { network, height, width, channels, dense, values: memory(data.length), targets: [] };
        filling.push(pass);
      }
      const filled = pass.targets.length * data.length;
      if (filled + data.length > pass.values.length) {
        const larger = memory(Math.min(2 * filled, most * data.length));
        larger.set(pass.values.subarray(0, filled));
        pass.values = larger;
      }
      pass.values.set(data, filled);
      pass.targets.push({ mean, weight });
      if (pass.targets.length < most) return;
      filling = filling.filter((each) => each !== pass);
      await start(pass);
    },
    async finish() {
      for (const pass of filling) start(pass);
      filling = [];
      await running;
    },
    idle: () => running.catch(() => {}),
  };
}

async function run({ network, height, width, channels, dense, values, targets }: Pass): Promise<void> {
  const inputs = values.subarray(0, targets.length * height * width * channels);
  const logits = tf.tidy(() => network.logits(tf.tensor4d(inputs, [targets.length, height, width, channels]), dense));
  let rows: Float32Array;
  try {
    rows = (await logits.data()) as Float32Array;
  } finally {
    logits.dispose();
  }
  for (const [i, { mean, weight }] of targets.entries())
    network.accumulate(mean, rows.subarray(i * network.classes, (i + 1) * network.classes), weight);
}
