/** dy * step(x), the gradient of ReLU. */
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { unitStep } from '../kernels/activation.js';
import { commonLayout } from '../kernels/elementwise.js';
import { emitMaxPoolGrad, maxPoolGradName, paddedLessThanKernel } from '../kernels/pooling.js';
import type { Window } from '../kernels/window.js';
import { unpadded } from './padding.js';

interface Gated {
  readonly dy: LazyNode;
  /** What ReLU was given. */
  readonly x: LazyNode;
  /** relu(x), where the graph has it. */
  readonly relu: LazyNode | null;
}

/** The factors of a product, where one of them is ReLU's slope. */
function gatedBy(graph: Emission, node: LazyNode): Gated | null {
  const [a, b] = node.inputs as [LazyNode, LazyNode];
  for (const [gate, dy] of [
    [a, b],
    [b, a],
  ] as const) {
    const [x] = gate.name === 'Step' && gate.attributes['alpha'] === 0 ? gate.inputs : [];
    if (x !== undefined && dy.dtype === 'float32') return { dy, x, relu: graph.userOf(x, 'Relu') };
  }
  return null;
}

/** Clip and product, in place of two comparisons, two choices and the product; relu(x) is positive where x is, and is kept anyway. */
export function emitReluGradient(graph: Emission, node: LazyNode): boolean {
  const found = gatedBy(graph, node);
  if (found === null) return false;
  const { dy, x, relu } = found;
  const gate = relu !== null && graph.isEmitted(relu) ? relu : x;
  const layout = commonLayout(graph, node);
  graph.set(node, layout, graph.op('Mul', [unitStep(graph, graph.operand(gate, layout)), graph.operand(dy, layout)]));
  return true;
}

/**
 * The gradient of a max pooling that pads its input with -Infinity, or with zeros, as `zeroPadding2d` before it does, up to pixels where ReLU has
 * made zero: a window of nothing but zeros has its first maximum in the padding, here inside it.
 * @param node the part of the pooling's gradient that lies inside the padding
 */
function insideZeros(node: LazyNode, relu: LazyNode): { dy: LazyNode; window: Window } | null {
  const [gradient] = node.inputs;
  if (node.name !== 'Slice' || node.value !== null || gradient?.name !== maxPoolGradName) return null;
  if (gradient.value !== null) return null;
  const [dy, padded] = gradient.inputs as [LazyNode, LazyNode];
  const window = gradient.attributes as Window;
  const inner = unpadded(padded, 0, window.pads) ?? unpadded(padded, -Infinity, window.pads);
  if (inner === null || inner.x !== relu || relu.shape.join() !== node.shape.join()) return null;
  const { pads } = inner;
  const { begin } = node.attributes as { begin: readonly number[] };
  const before = pads.slice(0, 2).map((size, axis) => size - (window.pads[axis] ?? 0));
  if (begin.join() !== [0, ...before, 0].join() || !paddedLessThanKernel(pads, window.kernel)) return null;
  return { dy, window: { ...window, pads } };
}

function poolGradientOf(relu: LazyNode, node: LazyNode): { dy: LazyNode; window: Window } | null {
  const [dy, x] = node.inputs;
  if (node.name === maxPoolGradName && node.value === null && x === relu && dy !== undefined)
    return { dy, window: node.attributes as Window };
  return insideZeros(node, relu);
}

/**
 * What ReLU lets through of the gradient of a max pooling of its result, or of the part of it that lies inside a padding with zeros. A
 * largest value is positive where its pixel is: so the pooled gradient is gated, of which there is less than of pixels.
 */
export function emitPoolGradientOfRelu(graph: Emission, node: LazyNode): boolean {
  const found = gatedBy(graph, node);
  if (found === null || found.relu === null || commonLayout(graph, node) !== 'channelsFirst') return false;
  const { relu } = found;
  const gradient = poolGradientOf(relu, found.dy);
  if (gradient === null) return false;
  const gated = emitMaxPoolGrad(graph, gradient.dy, relu, gradient.window, (y) => unitStep(graph, y));
  graph.set(node, 'channelsFirst', gated);
  return true;
}
