/** Calls that move elements, look them up or make them. */
import type { DataType } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DrawnOperation, drawInput } from './drawn-case.js';
import { drawShape, type Random } from './random.js';

const all: readonly DataType[] = ['float32', 'int32', 'bool'];
const numbers: readonly DataType[] = ['float32', 'int32'];

const anyType = (random: Random) => (random.chance(0.6) ? 'float32' : random.pick(all));
const axisOf = (random: Random, rank: number) => random.int(-rank, rank - 1);

function shuffled(random: Random, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.int(0, i);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

/** Indices below `limit`. */
function indices(random: Random, shape: readonly number[], limit: number) {
  const size = tf.util.sizeFromShape([...shape]);
  return {
    shape: [...shape],
    dtype: 'int32' as const,
    values: Array.from({ length: size }, () => random.int(0, limit - 1)),
  };
}

export const arrayOperations: readonly DrawnOperation[] = [
  {
    name: 'reshape',
    draw: (random) => {
      const shape = drawShape(random, 0, 5);
      const size = tf.util.sizeFromShape(shape);
      const options = [[...shape].reverse(), [size], [1, ...shape], ...(size > 0 ? [[-1]] : []), [...shape, 1, 1]];
      const to = random.pick(options);
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { to },
        apply: (x) => tf.reshape(x as tf.Tensor, to),
      };
    },
  },
  {
    name: 'expandDims',
    draw: (random) => {
      const shape = drawShape(random, 0, 5);
      const axis = random.int(-shape.length - 1, shape.length);
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { axis },
        apply: (x) => tf.expandDims(x as tf.Tensor, axis),
      };
    },
  },
  {
    name: 'squeeze',
    draw: (random) => ({
      inputs: [
        drawInput(
          random,
          drawShape(random, 0, 5).map((extent) => (random.chance(0.5) ? 1 : extent)),
          anyType(random),
        ),
      ],
      options: {},
      apply: (x) => tf.squeeze(x as tf.Tensor),
    }),
  },
  {
    name: 'transpose',
    draw: (random) => {
      const shape = drawShape(random, 0, 6);
      const perm = random.chance(0.2) ? undefined : shuffled(random, shape.length);
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { perm },
        apply: (x) => tf.transpose(x as tf.Tensor, perm),
      };
    },
  },
  {
    name: 'stack',
    draw: (random) => {
      const shape = drawShape(random, 0, 4);
      const axis = axisOf(random, shape.length + 1);
      const dtype = anyType(random);
      const inputs = Array.from({ length: random.int(1, 4) }, () => drawInput(random, shape, dtype));
      return { inputs, options: { axis }, apply: (...parts) => tf.stack(parts, axis) };
    },
  },
  {
    name: 'unstack',
    draw: (random) => {
      const shape = drawShape(random, 1, 5, false);
      const axis = axisOf(random, shape.length);
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { axis },
        apply: (x) => tf.unstack(x as tf.Tensor, axis),
      };
    },
  },
  {
    name: 'concat',
    draw: (random) => {
      const shape = drawShape(random, 1, 5);
      const axis = axisOf(random, shape.length);
      const dtype = anyType(random);
      const at = axis < 0 ? axis + shape.length : axis;
      const inputs = Array.from({ length: random.int(1, 4) }, () =>
        drawInput(
          random,
          shape.map((extent, i) => (i === at ? random.int(0, 3) : extent)),
          random.chance(0.1) ? random.pick(numbers) : dtype,
        ),
      );
      return { inputs, options: { axis }, apply: (...parts) => tf.concat(parts, axis) };
    },
  },
  {
    name: 'split',
    draw: (random) => {
      const shape = drawShape(random, 1, 5);
      const at = random.int(0, shape.length - 1);
      const axis = random.chance(0.5) ? at : at - shape.length;
      const parts = random.int(1, 4);
      const sizes = Array.from({ length: parts }, () => random.int(0, 3));
      const even = random.chance(0.5);
      shape[at] = even ? parts * random.int(1, 3) : sizes.reduce((sum, size) => sum + size, 0);
      const by = even ? parts : sizes;
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { axis, by },
        apply: (x) => tf.split(x as tf.Tensor, by, axis),
      };
    },
  },
  {
    name: 'slice',
    draw: (random) => {
      const shape = drawShape(random, 1, 6);
      const begin = shape.map((extent) => random.int(0, extent));
      const size = shape.map((extent, i) => (random.chance(0.3) ? -1 : random.int(0, extent - (begin[i] ?? 0))));
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { begin, size },
        apply: (x) => tf.slice(x as tf.Tensor, begin, size),
      };
    },
  },
  {
    name: 'stridedSlice',
    draw: (random) => {
      const shape = drawShape(random, 1, 5, false);
      const begin = shape.map((extent) => random.int(-extent, extent - 1));
      const end = shape.map((extent) => random.int(-extent - 1, extent + 1));
      const strides = shape.map(() => random.pick([1, 1, 2, 3, -1, -2]));
      const mask = () => (random.chance(0.5) ? 0 : random.int(0, 2 ** shape.length - 1));
      const forward = strides.every((stride) => stride === 1);
      const masks = { begin: mask(), end: mask(), shrink: forward && random.chance(0.7) ? mask() : 0 };
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { begin, end, strides, masks },
        apply: (x) => tf.stridedSlice(x as tf.Tensor, begin, end, strides, masks.begin, masks.end, 0, 0, masks.shrink),
        gradient: false,
      };
    },
  },
  {
    name: 'gather',
    draw: (random) => {
      const shape = drawShape(random, 1, 4, false);
      const batchDims = random.chance(0.2) ? random.int(0, shape.length - 1) : 0;
      const axis =
        random.chance(0.5) && batchDims === 0 ? axisOf(random, shape.length) : random.int(batchDims, shape.length - 1);
      const limit = shape.at(axis) ?? 1;
      const found = indices(random, [...shape.slice(0, batchDims), ...drawShape(random, 0, 2)], limit);
      return {
        inputs: [drawInput(random, shape, anyType(random)), found],
        options: { axis, batchDims },
        apply: (x, at) => tf.gather(x as tf.Tensor, at as tf.Tensor1D, axis, batchDims),
        gradient: batchDims === 0,
      };
    },
  },
  {
    name: 'gatherND',
    draw: (random) => {
      const shape = drawShape(random, 1, 4, false);
      const depth = random.int(1, shape.length);
      const rows = random.int(1, 5);
      const values = Array.from({ length: rows }, () =>
        shape.slice(0, depth).map((extent) => random.int(0, extent - 1)),
      ).flat();
      return {
        inputs: [drawInput(random, shape, anyType(random)), { shape: [rows, depth], dtype: 'int32', values }],
        options: {},
        apply: (x, at) => tf.gatherND(x as tf.Tensor, at as tf.Tensor2D),
        gradient: false,
      };
    },
  },
  {
    name: 'scatterND',
    draw: (random) => {
      const [size, rows] = [random.int(1, 6), random.int(1, 6)];
      const inner = drawShape(random, 0, 2, false);
      const dtype = random.pick(numbers);
      return {
        inputs: [indices(random, [rows, 1], size), drawInput(random, [rows, ...inner], dtype)],
        options: { shape: [size, ...inner] },
        apply: (at, updates) => tf.scatterND(at as tf.Tensor2D, updates as tf.Tensor, [size, ...inner]),
        gradient: false,
      };
    },
  },
  {
    name: 'pad',
    draw: (random) => {
      const shape = drawShape(random, 1, 5);
      const paddings = shape.map((): [number, number] => [random.int(0, 2), random.int(0, 2)]);
      const dtype = anyType(random);
      const value = dtype === 'bool' ? random.int(0, 1) : random.pick([0, 1, -2, 1.5, -Infinity]);
      return {
        inputs: [drawInput(random, shape, dtype)],
        options: { paddings, value },
        apply: (x) => tf.pad(x as tf.Tensor, paddings, value),
      };
    },
  },
  {
    name: 'mirrorPad',
    draw: (random) => {
      const shape = drawShape(random, 1, 4, false).map((extent) => extent + 1);
      const mode = random.pick(['reflect', 'symmetric'] as const);
      const paddings = shape.map((extent): [number, number] => [random.int(0, extent - 1), random.int(0, extent - 1)]);
      return {
        inputs: [drawInput(random, shape, random.pick(numbers))],
        options: { paddings, mode },
        apply: (x) => tf.mirrorPad(x as tf.Tensor, paddings, mode),
        gradient: false,
      };
    },
  },
  {
    name: 'reverse',
    draw: (random) => {
      const shape = drawShape(random, 0, 5);
      const axes = random.chance(0.3)
        ? undefined
        : shape.flatMap((_, axis) => (random.chance(0.5) ? [random.chance(0.5) ? axis : axis - shape.length] : []));
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { axes },
        apply: (x) => tf.reverse(x as tf.Tensor, axes),
      };
    },
  },
  {
    name: 'tile',
    draw: (random) => {
      const shape = drawShape(random, 1, 4);
      const reps = shape.map(() => random.int(random.chance(0.1) ? 0 : 1, 3));
      return {
        inputs: [drawInput(random, shape, anyType(random))],
        options: { reps },
        apply: (x) => tf.tile(x as tf.Tensor, reps),
      };
    },
  },
  {
    name: 'broadcastTo',
    draw: (random) => {
      const shape = drawShape(random, 0, 5);
      const from = shape
        .map((extent) => (random.chance(0.4) ? 1 : extent))
        .slice(random.chance(0.3) ? random.int(0, shape.length) : 0);
      return {
        inputs: [drawInput(random, from, anyType(random))],
        options: { to: shape },
        apply: (x) => tf.broadcastTo(x as tf.Tensor, shape),
      };
    },
  },
  {
    name: 'oneHot',
    draw: (random) => {
      const depth = random.int(2, 5);
      const shape = drawShape(random, 0, 3);
      const [on, off] = [random.pick([1, 2, 0.5]), random.pick([0, -1])];
      const dtype = random.pick(['float32', 'int32'] as const);
      const size = tf.util.sizeFromShape(shape);
      const values = Array.from({ length: size }, () => random.int(-1, depth));
      return {
        inputs: [{ shape, dtype: 'int32', values }],
        options: { depth, on, off, dtype },
        apply: (x) => tf.oneHot(x as tf.Tensor, depth, on, off, dtype),
        gradient: false,
      };
    },
  },
  {
    name: 'unsortedSegmentSum',
    draw: (random) => {
      const rows = random.int(1, 6);
      const segments = random.int(1, 4);
      const x = drawInput(random, [rows, ...drawShape(random, 0, 3)], random.pick(numbers));
      const ids = {
        shape: [rows],
        dtype: 'int32' as const,
        values: Array.from({ length: rows }, () => random.int(-1, segments)),
      };
      return {
        inputs: [x, ids],
        options: { segments },
        apply: (values, at) => tf.unsortedSegmentSum(values as tf.Tensor, at as tf.Tensor1D, segments),
        gradient: false,
      };
    },
  },
  {
    name: 'batchToSpaceND and back',
    draw: (random) => {
      const block = [random.int(1, 2), random.int(1, 3)];
      const size = (block[0] ?? 1) * (block[1] ?? 1);
      const x = drawInput(
        random,
        [size * random.int(1, 2), random.int(1, 3), random.int(1, 3), random.int(1, 2)],
        random.pick(numbers),
      );
      const none = [
        [0, 0],
        [0, 0],
      ];
      const back = random.chance(0.5);
      const apply = (y: tf.Tensor | undefined) => {
        const spread = tf.batchToSpaceND(y as tf.Tensor, block, none);
        return back ? tf.spaceToBatchND(spread, block, none) : spread;
      };
      return { inputs: [x], options: { block, back }, apply };
    },
  },
  {
    name: 'depthToSpace',
    draw: (random) => {
      const block = random.int(2, 3);
      const format = random.pick(['NHWC', 'NCHW'] as const);
      const channels = block * block * random.int(1, 2);
      const [height, width] = [random.int(1, 3), random.int(1, 3)];
      const shape =
        format === 'NHWC' ? [random.int(1, 2), height, width, channels] : [random.int(1, 2), channels, height, width];
      return {
        inputs: [drawInput(random, shape, 'float32')],
        options: { block, format },
        apply: (x) => tf.depthToSpace(x as tf.Tensor4D, block, format),
        gradient: false,
      };
    },
  },
  {
    name: 'meshgrid and range',
    draw: (random) => {
      const [start, stop, step] = [random.int(-5, 5), random.int(-5, 5), random.pick([1, 2, 0.5])];
      return {
        inputs: [],
        options: { start, stop, step },
        apply: () => {
          const line = tf.range(start, stop, start <= stop ? step : -step);
          return [line, ...tf.meshgrid(line, tf.linspace(start, stop, 3))];
        },
        gradient: false,
      };
    },
  },
  {
    name: 'fill, zeros, ones, eye',
    draw: (random) => {
      const shape = drawShape(random, 0, 5);
      const dtype = random.pick(['float32', 'int32', 'bool'] as const);
      const value = random.int(0, 1);
      return {
        inputs: [],
        options: { shape, dtype, value },
        apply: () => [tf.fill(shape, value, dtype), tf.zeros(shape, dtype), tf.ones(shape, dtype), tf.eye(2, 3, [2])],
        gradient: false,
      };
    },
  },
];
