/** What all forms of the filter gradient are told. */
import type { Emission } from '../../graph/emission.js';
import type { LazyNode } from '../../graph/node.js';
import type { Window } from '../window.js';

export interface FilterGradientSizes {
  readonly batch: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Kernel height and width. */
  readonly kernel: readonly [number, number];
  /** Output height and width. */
  readonly output: readonly [number, number];
  /** Of one image's output. */
  readonly positions: number;
}

export interface FilterGradientContext {
  readonly graph: Emission;
  readonly x: LazyNode;
  readonly dy: LazyNode;
  readonly window: Window;
  readonly sizes: FilterGradientSizes;
}
