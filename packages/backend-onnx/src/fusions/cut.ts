/** The part of a gradient that a slice takes: the gradient with respect to what was padded before a convolution or pooling. */
import type { LazyNode } from '../graph/node.js';
import type { Window } from '../kernels/window.js';

/** The part of a value of rank 4 that a slice takes. */
export interface Cut {
  readonly shape: readonly number[];
  readonly begin: readonly number[];
}

export function cutOf({ shape, attributes }: LazyNode): Cut {
  return { shape, begin: (attributes as { begin: readonly number[] }).begin };
}

/** The window that computes only this part of an input gradient of `shape`; null where batch or channels are cut. */
export function cutWindow(window: Window, whole: readonly number[], { shape, begin }: Cut): Window | null {
  if (shape.length !== 4 || shape[0] !== whole[0] || shape[3] !== whole[3]) return null;
  const [top = 0, left = 0, bottom = 0, right = 0] = window.pads;
  const after = [1, 2].map((axis) => (whole[axis] ?? 1) - (shape[axis] ?? 1) - (begin[axis] ?? 0));
  const pads = [top + (begin[1] ?? 0), left + (begin[2] ?? 0), bottom + (after[0] ?? 0), right + (after[1] ?? 0)];
  return { ...window, pads };
}
