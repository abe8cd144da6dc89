/** Graphs whose filters move to OIHW when they are first compiled: they are what is compiled where the filters are there already. */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { difference, numbers } from '../testing/both-backends.js';
import { compiledBy } from '../testing/compiled-graphs.js';

afterEach(async () => {
  await tf.setBackend('cpu');
});

/** What a step does with its filters besides convolving. */
const drawn = fc.record({
  kernel: fc.constantFrom(1, 3),
  channels: fc.constantFrom(1, 3, 16),
  decay: fc.boolean(),
  standardized: fc.boolean(),
  gated: fc.boolean(),
  transposed: fc.boolean(),
  optimizer: fc.constantFrom('sgd', 'momentum', 'adam'),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

const optimizers = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  adam: () => tf.train.adam(0.01),
};

function loss(filter: tf.Tensor4D, images: tf.Tensor4D, { decay, standardized, gated, transposed }: Drawn): tf.Scalar {
  const centered = standardized ? tf.sub(filter, tf.mean(filter, [0, 1, 2], true)) : filter;
  const used = (gated ? tf.mul(tf.relu(centered), 0.5) : centered) as tf.Tensor4D;
  const convolved = tf.conv2d(images, used, 1, 'same');
  const terms = [tf.mean(tf.square(convolved))];
  if (decay) terms.push(tf.mul(tf.sum(tf.square(filter)), 1e-2));
  if (transposed) terms.push(tf.mean(tf.abs(tf.transpose(filter, [1, 0, 3, 2]))));
  return tf.addN(terms) as tf.Scalar;
}

/** Steps on batches of these sizes; @returns the filter after each. */
function steps(batches: readonly number[], step: Drawn): Float32Array[] {
  const initial = numbers<tf.Rank.R4>([step.kernel, step.kernel, step.channels, 8], 1);
  const filter = tf.variable(initial);
  const optimizer = optimizers[step.optimizer]();
  const filters = batches.map((batch) => {
    const images = numbers<tf.Rank.R4>([batch, 6, 6, step.channels], 2);
    optimizer.minimize(() => loss(filter, images, step));
    images.dispose();
    return filter.dataSync<'float32'>().slice();
  });
  tf.dispose([initial, filter]);
  optimizer.dispose();
  return filters;
}

/** How many nodes of each ONNX operator a graph has: in a node's bytes its type, with its length before it, follows its name. */
function operators(graph: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [, length = '', rest = ''] of graph.matchAll(/\/[vx]\d+"([\s\S])(\w+)/g)) {
    const type = rest.slice(0, length.charCodeAt(0));
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

it('has the same nodes and gives the same numbers as one whose filters were moved before', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (step) => {
      await tf.setBackend('cpu');
      const expected = steps([2, 3], step);
      const once = await compiledBy(() => steps([2], step));
      // The first step moves the filter and its moments, so that the second one's graph is emitted with them moved.
      const twice = await compiledBy(() => steps([3, 2], step));
      const again = await compiledBy(() => steps([2, 3], step));
      again.result.forEach((filter, i) => {
        expect(difference(filter, expected[i] ?? [], 1e-3), `after step ${i}`).toBeNull();
      });
      expect(operators(once.graphs.at(-1) ?? '')).toEqual(operators(twice.graphs.at(-1) ?? ''));
    }),
    { numRuns: 12 },
  );
});
