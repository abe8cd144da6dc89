/** A network whose ranges are known: it can be written with these layers quantized or those. */
import type { OnnxFileSignature } from '@cnnzoo/backend-onnx';
import { nearestNames, shown } from '@cnnzoo/checks';
import type { GraphProto, StringEntry } from '@cnnzoo/onnx-format';
import { biasErrors } from '../bias-correction/bias-errors.js';
import { correctBiases, giveBiases } from '../bias-correction/biases.js';
import { type CalibrationMethod, calibrate } from '../calibrate/calibrate.js';
import type { CalibrationImages } from '../calibrate/image-batches.js';
import { equalize } from '../equalize/equalize.js';
import { encodeGraph } from '../graph/encode-graph.js';
import type { Graph } from '../graph/graph.js';
import { isIn } from '../graph/node-names.js';
import { openSource, type QuantizableModel } from '../graph/open-source.js';
import { prepare } from '../prepare/prepare.js';
import { type Plan, planQuantization, quantizable } from '../qdq/plan.js';
import { activationRange, type Scale, scaleOf, weightRanges } from '../qdq/scale.js';
import { type WeightBits, writeQdq } from '../qdq/write-qdq.js';
import { type QuantizedLayer, quantizedLayers } from './quantized-layers.js';

export interface CalibratedNetwork {
  readonly signature: OnnxFileSignature;
  /** What computes with integers, in the order of the network. */
  readonly layers: readonly QuantizedLayer[];
  /** The network in float, as it was calibrated. */
  readonly float: Uint8Array;
  /**
   * @param exclude layers that stay in float
   * @param facts what the file says of itself
   * @returns the bytes of the quantized ONNX file
   */
  write(exclude: readonly string[], facts: object): Uint8Array;
}

export interface CalibrationOptions {
  readonly method: CalibrationMethod;
  readonly perChannel: boolean;
  readonly weights: WeightBits;
  readonly exclude: readonly string[];
  readonly equalize: boolean;
  readonly correctBias: boolean;
  readonly inputShape: readonly number[] | undefined;
}

export async function calibratedNetwork(
  source: QuantizableModel,
  images: CalibrationImages,
  { method, perChannel, weights, exclude, equalize: equalizes, correctBias, inputShape }: CalibrationOptions,
): Promise<CalibratedNetwork> {
  const { model, signature } = openSource(source, inputShape);
  const prepared = prepare(model);
  if (equalizes) equalize(prepared.graph, signature.model);
  if (correctBias) giveBiases(prepared.graph);
  const { opset } = prepared;
  const planWithout = (graph: Graph, names: readonly string[]) => {
    checkNames(graph, names);
    return planQuantization(graph, (node) => names.some((name) => isIn(node, name)), perChannel);
  };
  const plan = planWithout(prepared.graph, exclude);
  if (plan.nodes.length === 0) throw new RangeError(`${signature.model} has no layer that can be quantized`);
  const measured = [...plan.activations].filter(([, { sharedWith }]) => sharedWith === null).map(([name]) => name);
  const ranges = await calibrate(prepared, signature, measured, images, method);
  const softmax = prepared.graph.nodes.filter(({ opType }) => opType === 'Softmax').flatMap(({ output }) => output);
  for (const name of softmax) if (ranges.has(name)) ranges.set(name, { lowest: 0, highest: 1 });
  const scaleOfValue = (name: string): Scale | null => {
    const range = ranges.get(name);
    if (range !== undefined) return scaleOf(range.lowest, range.highest, activationRange);
    // A value with the numbers of another whose layer is left in float now.
    const { sharedWith = null } = plan.activations.get(name) ?? {};
    return sharedWith === null ? null : scaleOfValue(sharedWith);
  };
  const scalesOf = (wanted: Plan) => {
    const scales = new Map<string, Scale>();
    for (const name of wanted.activations.keys()) {
      const scale = scaleOfValue(name);
      if (scale !== null) scales.set(name, scale);
    }
    return scales;
  };
  const errors = correctBias
    ? await biasErrors({ prepared, plan, scales: scalesOf(plan), weights: weightRanges[weights] }, signature, images)
    : new Map<string, Float64Array>();
  return {
    signature,
    layers: quantizedLayers(prepared.graph, plan),
    float: encodeGraph(protoOf(prepared.graph), opset, model.metadataProps),
    write(left, facts) {
      const graph = copyOf(prepared.graph);
      const wanted = planWithout(graph, left);
      correctBiases(graph, wanted, errors);
      const said: StringEntry = { key: 'quantization', value: JSON.stringify(facts) };
      return encodeGraph(writeQdq(graph, wanted, scalesOf(wanted), weights), opset, [...model.metadataProps, said]);
    },
  };
}

function checkNames({ nodes }: Graph, names: readonly string[]): void {
  for (const name of names) {
    if (nodes.some((node) => isIn(node, name))) continue;
    const known = nodes.filter(({ opType }) => quantizable.has(opType)).map((node) => node.name);
    const [nearest] = nearestNames(name, [...known, ...known.map((each) => each.split('/')[0] ?? '')]);
    throw new RangeError(
      `exclude has ${shown(name)}, but the network has no such layer${nearest === undefined ? '' : `, did you mean ${shown(nearest)}?`}`,
    );
  }
}

const copyOf = ({ nodes, constants, inputs, outputs }: Graph): Graph => ({
  nodes: nodes.map((node) => ({ ...node })),
  constants: new Map(constants),
  inputs,
  outputs,
});

const protoOf = ({ nodes, constants, inputs, outputs }: Graph): GraphProto => ({
  name: 'prepared',
  node: nodes,
  initializer: [...constants.values()],
  input: inputs,
  output: outputs,
});
