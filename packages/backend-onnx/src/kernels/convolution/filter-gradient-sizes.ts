/** What all forms of the filter gradient are told. */
import type { LazyNode } from '../../graph/node.js';
import type { FormContext } from './forms.js';

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

export interface FilterGradientContext extends FormContext {
  readonly x: LazyNode;
  readonly dy: LazyNode;
  readonly sizes: FilterGradientSizes;
}
