/** The scales of what is quantized: of values as they were measured, of weights as they are and as their biases need them. */
import type { TensorProto } from '@cnnzoo/onnx-format';
import type { Graph } from '../graph/graph.js';
import { floatsOf } from '../graph/tensors.js';
import type { Plan } from './plan.js';
import { weightScales, withRoomForBias } from './quantized-weights.js';
import type { IntegerRange, Scale } from './scale.js';

/** The value whose scale this one has. */
export function providerOf(plan: Plan, name: string): string {
  const { sharedWith = null } = plan.activations.get(name) ?? {};
  return sharedWith === null ? name : providerOf(plan, sharedWith);
}

/** @param scales of the values that have their own */
export function scaleOfValue(plan: Plan, scales: ReadonlyMap<string, Scale>, name: string): Scale {
  const scale = scales.get(providerOf(plan, name));
  if (scale === undefined) throw new RangeError(`value ${name} has no range: calibration did not see it`);
  return scale;
}

export function constantOf({ constants }: Graph, name: string): TensorProto {
  const tensor = constants.get(name);
  if (tensor === undefined) throw new RangeError(`the network has no constant ${name}`);
  return tensor;
}

/** One scale of each weight, or one for each output channel. */
export function scalesOfWeights(
  graph: Graph,
  plan: Plan,
  scales: ReadonlyMap<string, Scale>,
  range: IntegerRange,
): Map<string, Scale[]> {
  const found = new Map<string, Scale[]>();
  for (const [name, { axis, isWeight }] of plan.weights)
    if (isWeight) found.set(name, weightScales(constantOf(graph, name), axis, range));
  for (const { name, input, weight } of plan.biases) {
    const bias = floatsOf(constantOf(graph, name)) ?? new Float32Array();
    found.set(weight, withRoomForBias(found.get(weight) ?? [], bias, scaleOfValue(plan, scales, input)));
  }
  return found;
}
