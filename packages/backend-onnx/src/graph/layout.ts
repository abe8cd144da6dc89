/**
 * Physical layouts. tfjs's tensors are logically NHWC (activations) and HWIO (filters), onnxruntime's convolutions want NCHW and
 * OIHW. A value of rank 4 may be stored in another order than its logical one and is permuted only when something needs that.
 */
import { at } from './at.js';
import { sizeOf } from './shape.js';

/** `plain` is the logical order; `channelsFirst` stores NHWC as NCHW, `filtersFirst` stores HWIO as OIHW. */
export type Layout = 'plain' | 'channelsFirst' | 'filtersFirst';

/** physical axis i is logical axis `fromPlain[i]`. */
const fromPlain: Record<Exclude<Layout, 'plain'>, readonly number[]> = {
  channelsFirst: [0, 3, 1, 2],
  filtersFirst: [3, 2, 0, 1],
};

const identity = [0, 1, 2, 3];

/** Physical axis i of a value of rank 4 in this layout is its logical axis `axesOf(layout)[i]`. */
export function axesOf(layout: Layout): readonly number[] {
  return layout === 'plain' ? identity : fromPlain[layout];
}

/** The axes as stored of a logical shape. */
export function physicalShape(shape: readonly number[], layout: Layout): readonly number[] {
  return layout === 'plain' ? shape : fromPlain[layout].map((axis) => shape[axis] ?? 1);
}

/** Where a logical axis is stored. */
export function physicalAxis(axis: number, layout: Layout): number {
  return layout === 'plain' ? axis : fromPlain[layout].indexOf(axis);
}

/** The `perm` of a transposition from one layout to another. */
export function permutation(from: Layout, to: Layout): number[] {
  const source = axesOf(from);
  return axesOf(to).map((axis) => source.indexOf(axis));
}

/** Whether a transposition only moves axes of size 1, so that the elements stay in order and a reshape does the same for nothing. */
export function keepsOrder(shape: readonly number[], perm: readonly number[]): boolean {
  const moved = perm.filter((axis) => shape[axis] !== 1);
  return moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? -1));
}

/** The types of which tensors in graphs are. */
export type ElementType = 'float32' | 'int32' | 'bool';

export type Elements = Float32Array | Int32Array | Uint8Array;

/** Elements side by side in the source that are taken together: a cache line of float32. */
const tile = 16;

interface Axis {
  readonly extent: number;
  /** How far apart in the source two neighbours along the axis lie. */
  readonly stride: number;
}

/** The axes of the result, without those of size 1, and neighbours that are one axis in the source, too, as one. */
function axesOfResult(source: readonly number[], perm: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  for (const axis of perm) {
    const [extent, stride] = [at(source, axis), sizeOf(source.slice(axis + 1))];
    const before = axes.at(-1);
    if (extent === 1) continue;
    if (before !== undefined && before.stride === extent * stride)
      axes[axes.length - 1] = { extent: before.extent * extent, stride };
    else axes.push({ extent, stride });
  }
  return axes;
}

/** Where in the source the elements of these axes lie, in the order of the result. */
function offsetsOf(axes: readonly Axis[]): Int32Array {
  let offsets = Int32Array.of(0);
  for (const { extent, stride } of axes) {
    const longer = new Int32Array(offsets.length * extent);
    for (let i = 0; i < longer.length; i++)
      longer[i] = (offsets[Math.floor(i / extent)] as number) + (i % extent) * stride;
    offsets = longer;
  }
  return offsets;
}

/** Whether all elements have the same bits: new moments of an optimizer are zeros. */
function isUniform(data: Elements): boolean {
  const bits = data instanceof Uint8Array ? data : new Int32Array(data.buffer, data.byteOffset, data.length);
  const first = bits[0];
  for (let i = 1; i < bits.length; i++) if (bits[i] !== first) return false;
  return true;
}

/**
 * Filters from HWIO to OIHW or back: [positions, inputs, outputs] the other way round. Cubes of all positions and as many inputs and outputs as
 * a cache line has: rows alone, a megabyte apart, take three times as long for the 2.4 million weights of 3x3x512x512.
 */
function turnFilters<T extends Elements>(data: T, shape: readonly number[], to: Layout): T {
  const [positions, inputs, outputs] = [at(shape, 0) * at(shape, 1), at(shape, 2), at(shape, 3)];
  const result = new (data.constructor as new (length: number) => T)(data.length);
  const filter = inputs * positions;
  for (let firstInput = 0; firstInput < inputs; firstInput += tile)
    for (let firstOutput = 0; firstOutput < outputs; firstOutput += tile) {
      const endInput = Math.min(firstInput + tile, inputs);
      const columns = Math.min(tile, outputs - firstOutput);
      for (let position = 0; position < positions; position++)
        for (let input = firstInput; input < endInput; input++) {
          let plain = (position * inputs + input) * outputs + firstOutput;
          let turned = (firstOutput * inputs + input) * positions + position;
          const end = plain + columns;
          if (to === 'filtersFirst')
            for (; plain < end; plain++, turned += filter) result[turned] = data[plain] as number;
          else for (; plain < end; plain++, turned += filter) result[plain] = data[turned] as number;
        }
    }
  return result;
}

/**
 * Copies a value of rank 4 from one layout to another; where the elements are in the right order already it is the value itself.
 *
 * What lies side by side in the source is taken a cache line at a time: element by element each read of a ResNet-50's 25 million
 * weights would miss the cache, and take two to three times as long.
 */
export function relayout<T extends Elements>(data: T, shape: readonly number[], from: Layout, to: Layout): T {
  if (from === to || data.length === 0) return data;
  const perm = permutation(from, to);
  const source = physicalShape(shape, from);
  if (keepsOrder(source, perm) || isUniform(data)) return data;
  if (from !== 'channelsFirst' && to !== 'channelsFirst') return turnFilters(data, shape, to);
  const axes = axesOfResult(source, perm);
  const fast = axes.findIndex(({ stride }) => stride === 1);
  const width = at(axes, fast).extent;
  const [outer, inner] = [offsetsOf(axes.slice(0, fast)), offsetsOf(axes.slice(fast + 1))];
  const length = inner.length;
  const result = new (data.constructor as new (length: number) => T)(data.length);
  for (let i = 0; i < outer.length; i++)
    for (let column = 0; column < width; column += tile) {
      const columns = Math.min(tile, width - column);
      for (let row = 0; row < length; row++) {
        let write = (i * width + column) * length + row;
        let read = (outer[i] as number) + (inner[row] as number) + column;
        for (const end = read + columns; read < end; read++, write += length) result[write] = data[read] as number;
      }
    }
  return result;
}
