import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, expectSameOnBoth, numbers, runOn, withGradients } from '../testing/both-backends.js';
import { graphsOf, nodesOf } from '../testing/compiled-graphs.js';

interface Grouped {
  readonly groups: number;
  readonly strides?: number;
  readonly pad?: number;
  readonly dilation?: number;
  readonly same?: boolean;
}

/** As blocks' Conv2D composes groups. */
function groupedConvolution(
  x: tf.Tensor,
  kernel: tf.Tensor,
  { groups, strides = 1, pad = 0, same = false, dilation = 1 }: Grouped,
) {
  const sides: [number, number] = [pad, pad];
  const padded = pad === 0 ? x : tf.pad(x as tf.Tensor4D, [[0, 0], sides, sides, [0, 0]]);
  const inputs: tf.Tensor4D[] = tf.split(padded as tf.Tensor4D, groups, 3);
  const kernels: tf.Tensor4D[] = tf.split(kernel as tf.Tensor4D, groups, 3);
  const outputs = inputs.map((input, group) =>
    tf.conv2d(input, kernels[group] as tf.Tensor4D, strides, same ? 'same' : 'valid', 'NHWC', dilation),
  );
  return tf.concat(outputs, 3);
}

/** Compares with the same convolutions one by one, each computed before the next: tfjs's cpu backend is too slow for large ones. */
async function expectAsParts(x: number[], filter: number[], options: Grouped): Promise<void> {
  const dyOf = (y: tf.Tensor) => numbers(y.shape, 77);
  const inputs = () => [numbers(x, 1), numbers(filter, 2)] as [tf.Tensor, tf.Tensor];
  const actual = await runOn('onnx', () =>
    withGradients((input, kernel) => tf.tidy(() => groupedConvolution(input, kernel, options)), inputs()),
  );
  const expected = await runOn('onnx', () => {
    const { groups, strides = 1, same = false } = options;
    const split = (whole: tf.Tensor) => tf.split(whole, groups, 3) as tf.Tensor4D[];
    const [parts, kernels] = inputs().map(split) as [tf.Tensor4D[], tf.Tensor4D[]];
    const convolve = (input: tf.Tensor, kernel: tf.Tensor) =>
      tf.conv2d(input as tf.Tensor4D, kernel as tf.Tensor4D, strides, same ? 'same' : 'valid');
    const outputs = parts.map((part, group) => convolve(part, kernels[group] as tf.Tensor4D));
    for (const tensor of [...parts, ...kernels, ...outputs]) tensor.dataSync();
    const y = tf.concat(outputs, 3);
    const dys = split(dyOf(y));
    const gradients = parts.map((part, group) => {
      const pair = tf.grads(convolve)([part, kernels[group] as tf.Tensor4D], dys[group] as tf.Tensor4D);
      for (const tensor of pair) tensor.dataSync();
      return pair;
    });
    const joined = (i: number) =>
      tf.concat(
        gradients.map((pair) => pair[i] as tf.Tensor),
        3,
      );
    return { y, 'gradient of input 0': joined(0), 'gradient of input 1': joined(1) };
  });
  for (const [name, { values }] of expected)
    expect(difference(actual.get(name)?.values ?? [], values), name).toBeNull();
}

describe('convolution of groups by split and concat', () => {
  it('and its gradients are those of tfjs', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          groups: fc.constantFrom(2, 3, 8),
          strides: fc.integer({ min: 1, max: 2 }),
          pad: fc.integer({ min: 0, max: 2 }),
          same: fc.boolean(),
        }),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
        async (options, kernel, [inputs, outputs]) =>
          expectSameOnBoth(() =>
            withGradients(
              (x, filter) => groupedConvolution(x as tf.Tensor, filter as tf.Tensor, options),
              [
                numbers([2, 7, 6, inputs * options.groups], 1),
                numbers([...kernel, inputs, outputs * options.groups], 2),
              ],
            ),
          ),
      ),
      { seed: 1, numRuns: 25 },
    ));

  it('in blocks', () => expectAsParts([1, 32, 32, 32], [3, 3, 16, 32], { groups: 2, same: true }));

  it('dilated', () =>
    expectSameOnBoth(() => ({
      y: groupedConvolution(numbers([2, 9, 9, 6], 1), numbers([3, 3, 2, 9], 2), { groups: 3, pad: 2, dilation: 2 }),
    })));

  it('between other layers', () =>
    expectSameOnBoth(() =>
      withGradients(
        (x, filter, wide) => {
          const before = tf.relu(tf.conv2d(x as tf.Tensor4D, wide as tf.Tensor4D, 1, 'same'));
          const y = groupedConvolution(before, filter as tf.Tensor, { groups: 4, pad: 1, strides: 2 });
          return tf.add(tf.relu(y), tf.sum(filter as tf.Tensor));
        },
        [numbers([2, 8, 8, 3], 1), numbers([3, 3, 2, 8], 2), numbers([3, 3, 3, 8], 3)],
      ),
    ));

  it('is one convolution forward and one backward, however many groups there are', () => {
    const countsOf = (groups: number) => {
      const graphs = graphsOf(() => {
        const [y, x] = [numbers<tf.Rank.R4>([2, 6, 6, 16], 1), numbers<tf.Rank.R4>([2, 6, 6, 16], 2)];
        const filter = numbers<tf.Rank.R4>([3, 3, 16 / groups, 16], 3);
        // A layer's call is a tidy function: what lies between is not kept.
        const convolution = (input: tf.Tensor) => tf.tidy(() => groupedConvolution(input, filter, { groups, pad: 1 }));
        const { value, grad } = tf.valueAndGrad(convolution)(x, y);
        for (const tensor of [value, grad]) tensor.dataSync();
      });
      const count = (operation: string) => graphs.reduce((sum, graph) => sum + nodesOf(graph, operation), 0);
      return {
        parts: count('Conv2D') + count('SplitV') + count('Conv2DBackpropInput'),
        nodes: count('\\w+'),
      };
    };
    const [two, eight] = [countsOf(2), countsOf(8)];
    expect(two.parts).toBe(0);
    expect(two.nodes).toBeGreaterThan(1);
    expect(eight).toEqual(two);
  });

  it('has one product as the filter gradient of many groups', () => {
    const graphs = graphsOf(() => {
      const [y, x] = [numbers<tf.Rank.R4>([2, 6, 6, 16], 1), numbers<tf.Rank.R4>([2, 6, 6, 16], 2)];
      const convolution = (filter: tf.Tensor) => tf.tidy(() => groupedConvolution(x, filter, { groups: 8, pad: 1 }));
      tf.grad(convolution)(numbers([3, 3, 2, 16], 3), y).dataSync();
    });
    const count = (operation: string) => graphs.reduce((sum, graph) => sum + nodesOf(graph, operation), 0);
    expect(count('Conv2DBackpropFilter') + count('SplitV')).toBe(0);
    expect(count('Concat')).toBeGreaterThan(1);
  });

  it('stays as it is where parts are reordered, activated or read', () =>
    expectSameOnBoth(() => {
      const [x, kernel] = [numbers<tf.Rank.R4>([1, 5, 5, 4], 1), numbers<tf.Rank.R4>([3, 3, 2, 4], 2)];
      const [a, b] = tf.split(x, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
      const [k, l] = tf.split(kernel, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
      const conv = (input: tf.Tensor4D, filter: tf.Tensor4D) => tf.conv2d(input, filter, 1, 'same');
      return {
        exchanged: tf.concat([conv(b, k), conv(a, l)], 3),
        shared: tf.concat([conv(a, k), conv(a, l)], 3),
        crossed: tf.concat([conv(a, l), conv(b, k)], 3),
        activated: tf.concat([tf.relu(conv(a, k)), conv(b, l)], 3),
        rows: tf.concat([conv(a, k), conv(b, l)], 1),
        read: tf.add(tf.concat([conv(a, k), conv(b, l)], 3), tf.sum(conv(a, k), 3, true)),
        uneven: tf.concat(
          (tf.split(x, [1, 3], 3) as tf.Tensor4D[]).map((part, i) =>
            conv(part, numbers<tf.Rank.R4>([3, 3, part.shape[3], 2], i)),
          ),
          3,
        ),
      };
    }));
});
