/** What a graph asks of memory and threads, before it is compiled. */
import type { LazyNode } from '../graph/node.js';
import { sizeOf } from '../graph/shape.js';
import type { Trace } from './trace.js';

const bytesOf = ({ dtype, shape }: LazyNode) => sizeOf(shape) * (dtype === 'bool' ? 1 : 4);

/** What onnxruntime keeps for a node besides numbers. An estimate, on the safe side. */
const bytesOfNode = 8 * 1024;
/** What it keeps for any graph. An estimate, too. */
const bytesOfGraph = 128 * 1024;

/**
 * Bytes that a session keeps from run to run: its model with the constants, and the largest sum of results that are needed at the same
 * time, because onnxruntime does not give memory for them back. An estimate: fusions make it less.
 */
export function sessionBytes({ order }: Trace, modelBytes: number): number {
  const lastUse = new Map<LazyNode, number>();
  order.forEach((node, i) => {
    for (const input of node.inputs) lastUse.set(input, i);
  });
  const ends = new Map<number, number>();
  let [live, most] = [0, 0];
  order.forEach((node, i) => {
    const bytes = bytesOf(node);
    live += bytes;
    most = Math.max(most, live);
    const end = lastUse.get(node);
    if (end !== undefined) ends.set(end, (ends.get(end) ?? 0) + bytes);
    live -= ends.get(i) ?? 0;
  });
  return bytesOfGraph + bytesOfNode * order.length + modelBytes + most;
}

/** Numbers in a graph below which a second thread costs more than it does: each session starts threads of its own. */
const fewNumbers = 2 ** 14;

export function isSmall({ order, leaves }: Trace): boolean {
  let numbers = 0;
  for (const nodes of [order, leaves])
    for (const { shape } of nodes) {
      numbers += sizeOf(shape);
      if (numbers > fewNumbers) return false;
    }
  return true;
}
