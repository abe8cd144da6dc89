/**
 * The slice of a gradient that is the gradient of a padding: what lies outside of it is never computed, and the padding becomes the
 * gradient's own.
 */
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { emitInputGradient, inputGradientName } from '../kernels/convolution/input-gradient.js';
import { emitMaxPoolGrad, maxPoolGradName, paddedLessThanKernel } from '../kernels/pooling.js';
import type { Window } from '../kernels/window.js';
import { cutOf, cutWindow } from './cut.js';
import { unpadded } from './padding.js';

/** A convolution's input gradient. */
export function emitInnerInputGradient(graph: Emission, node: LazyNode): boolean {
  const [whole] = node.inputs;
  if (whole === undefined || whole.name !== inputGradientName || whole.value !== null) return false;
  const [dy, filter] = whole.inputs as [LazyNode, LazyNode];
  const window = cutWindow(whole.attributes as Window, whole.shape, cutOf(node));
  if (window === null) return false;
  graph.set(node, 'channelsFirst', emitInputGradient(graph, dy, filter, node.shape, window));
  return true;
}

/** A max pooling's gradient, where -Infinity was padded. */
export function emitInnerPoolGradient(graph: Emission, node: LazyNode): boolean {
  const [whole] = node.inputs;
  if (whole === undefined || whole.name !== maxPoolGradName || whole.value !== null) return false;
  const [dy, padded] = whole.inputs as [LazyNode, LazyNode];
  const window = whole.attributes as Window;
  const inner = unpadded(padded, -Infinity, window.pads);
  if (inner === null || inner.x.shape.join() !== node.shape.join()) return false;
  const { x, pads } = inner;
  if (!paddedLessThanKernel(pads, window.kernel)) return false;
  graph.set(node, 'channelsFirst', emitMaxPoolGrad(graph, dy, x, { ...window, pads }));
  return true;
}
