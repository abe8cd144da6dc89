/**
 * Finds out how many channels the runtime's blocked convolution kernels take side by side: 16 with AVX-512, 8 with AVX2, none on
 * ARM. It does not tell, so a small convolution is run with each and its numbers are checked.
 */
import { OnnxGraph } from '../../graph/onnx-graph.js';
import { encodeModel } from '../../graph/onnx-model.js';
import type { Runtime, RuntimeTensor } from '../../runtime/runtime.js';
import { blockedConvolution } from './blocked-convolution.js';

const channels = 32;
const shape = [1, channels, 4, 4];
const filterShape = [channels, channels, 3, 3];

function works(runtime: Runtime, block: number): boolean {
  const graph = new OnnxGraph({ block });
  const window = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] };
  const blocked = blockedConvolution(
    graph,
    'x',
    { name: 'w', layout: 'filtersFirst', flipped: false },
    null,
    { inputChannels: channels, outputChannels: channels, positions: 16 },
    window,
  );
  const plain = graph.op('Conv', ['x', 'w'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const input = (name: string, dims: number[]) => ({ name, type: 'float32' as const, shape: dims });
  const finished = graph.finish(
    [input('x', shape), input('w', filterShape)],
    [input(blocked, shape), input(plain, shape)],
  );
  const tensor = (dims: number[], value: (i: number) => number): RuntimeTensor => {
    const size = dims.reduce((a, b) => a * b, 1);
    return { type: 'float32', dims, data: Float32Array.from({ length: size }, (_, i) => value(i)) };
  };
  const inputs = new Map([
    ['x', tensor(shape, (i) => Math.sin(i))],
    ['w', tensor(filterShape, (i) => Math.cos(i))],
  ]);
  const outputs = finished.outputs.map((name) => [name, tensor(shape, () => Number.NaN)] as const);
  const session = runtime.createSession(encodeModel(finished.graph, finished.domains), { threads: 1 });
  try {
    session.run(inputs, new Map(outputs));
  } finally {
    session.dispose();
  }
  const [actual, expected] = outputs.map(([, { data }]) => data);
  return (
    actual !== undefined &&
    expected !== undefined &&
    actual.every((value, i) => Math.abs(value - (expected[i] ?? 0)) < 1e-3)
  );
}

/** 16, 8, or 0 where there are no such kernels. */
export function probeBlock(runtime: Runtime): number {
  for (const block of [16, 8]) {
    try {
      if (works(runtime, block)) return block;
    } catch {
      // The runtime refuses the graph: no such kernels, or not with this block.
    }
  }
  return 0;
}
