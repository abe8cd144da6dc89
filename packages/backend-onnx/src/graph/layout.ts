/**
 * Physical layouts. tfjs's tensors are logically NHWC (activations) and HWIO (filters), onnxruntime's convolutions want NCHW and
 * OIHW. A value of rank 4 may be stored in another order than its logical one and is permuted only when something needs that.
 */

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

type Elements = Float32Array | Int32Array | Uint8Array;

/** Copies a value of rank 4 from one layout to another. */
export function relayout<T extends Elements>(data: T, shape: readonly number[], from: Layout, to: Layout): T {
  if (from === to) return data;
  const perm = permutation(from, to);
  const source = physicalShape(shape, from);
  if (keepsOrder(source, perm)) return data;
  const sourceStrides = [0, 0, 0, 1];
  for (let i = 2; i >= 0; i--) sourceStrides[i] = (sourceStrides[i + 1] ?? 1) * (source[i + 1] ?? 1);
  const [d0 = 1, d1 = 1, d2 = 1, d3 = 1] = perm.map((axis) => source[axis] ?? 1);
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = perm.map((axis) => sourceStrides[axis] ?? 0);
  const result = data.slice() as T;
  let position = 0;
  for (let i0 = 0; i0 < d0; i0++)
    for (let i1 = 0; i1 < d1; i1++)
      for (let i2 = 0; i2 < d2; i2++) {
        let from0 = i0 * s0 + i1 * s1 + i2 * s2;
        for (let i3 = 0; i3 < d3; i3++, from0 += s3) result[position++] = data[from0] ?? 0;
      }
  return result;
}
