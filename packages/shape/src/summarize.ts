import { checkedLater, checkOptions, oneOf, optional, shown } from '@cnnzoo/checks';
import { integer } from './arguments.js';
import { connectLayers, type LayerGraph, type LayerNode } from './layer-graph.js';
import { elements, type KernelUse, type Outcome, type Value } from './layer-outcome.js';
import { applyLayer } from './layer-rules.js';
import type { LayerSpec, LayerType, Shape } from './layer-spec.js';
import { isLayersModel, type LayersModelLike, readLayersModel } from './read-layers-model.js';
import { pixelField, type ReceptiveField } from './receptive-field.js';

/** Bytes of one number of each type that weights and activations are kept in. */
export const bytesPerElement = { float64: 8, float32: 4, bfloat16: 2, float16: 2, int8: 1 } as const;

/** What numbers are kept in. */
export type DType = keyof typeof bytesPerElement;

/** What a layer, or a whole network, costs. */
export interface Cost {
  /** Learned numbers, as PyTorch counts them: without running statistics. */
  readonly params: number;
  readonly trainableParams: number;
  /** Those of frozen layers. */
  readonly nonTrainableParams: number;
  /** Numbers saved with the weights but not learned: running means and variances. */
  readonly buffers: number;
  /** Multiply-accumulates of convolutions and linear layers, for one image. */
  readonly macs: number;
  /** Floating-point operations of all layers, for one image: two a multiply-accumulate, and what biases, activations and poolings take. */
  readonly flops: number;
  /** Bytes of the outputs of a batch, which training keeps for the backward pass. */
  readonly forwardBytes: number;
  /** Bytes of the gradients of those outputs. */
  readonly backwardBytes: number;
  /** Bytes of parameters and buffers. */
  readonly weightBytes: number;
  /** Bytes that the forward pass of a batch reads (inputs, weights) and writes (outputs), each layer by itself. */
  readonly trafficBytes: number;
  /** Floating-point operations a byte of that traffic: what decides whether a layer waits for arithmetic or for memory. */
  readonly arithmeticIntensity: number;
}

/** What `summarize` says about one layer. */
export interface LayerSummary extends Cost {
  readonly name: string;
  /** PyTorch's name of the layer, or the class of a layer this package does not know. */
  readonly type: string;
  /** The class in the library the layer was read from. */
  readonly className: string | undefined;
  readonly partOf: string | undefined;
  /** Names of the layers (or network inputs) whose outputs come in. */
  readonly inputs: readonly string[];
  readonly inputShapes: readonly Shape[];
  /** `[height, width, channels]` or `[features]`. */
  readonly outputShape: Shape;
  /** Kernel, stride and padding of a convolution or pooling. */
  readonly kernel: KernelUse | null;
  /** Null after a layer that the calculator does not know. */
  readonly receptiveField: ReceptiveField | null;
  /** True where the network's main output does not need the layer, as in an auxiliary head. */
  readonly auxiliary: boolean;
}

/** What `summarize` says about a network. */
export interface ModelSummary extends Cost {
  readonly name: string;
  /** The network's inputs, without the batch. `isLayer` is false for the input of a list of layers that names none. */
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly isLayer: boolean }[];
  readonly inputShape: Shape;
  /** The main output's. */
  readonly outputShape: Shape;
  /** Images in a batch; null where it was not given, which counts as one. */
  readonly batchSize: number | null;
  readonly dtype: DType;
  readonly inputBytes: number;
  /** Multiply-accumulates of auxiliary heads, which `macs`, `flops` and `arithmeticIntensity` leave out: prediction does not run them. */
  readonly auxiliaryMacs: number;
  /** Of the last feature map that the main output is computed from, before it is pooled to one pixel or flattened. */
  readonly receptiveField: ReceptiveField | null;
  /** Every layer in the order of computation, without the inputs. */
  readonly layers: readonly LayerSummary[];
}

/** The options of `summarize`. */
export interface SummarizeOptions {
  /** `[height, width, channels]`, or `[features]` of a network on vectors. Default: the model's own. */
  inputShape?: Shape;
  /** Images in a batch, for the memory of activations and the arithmetic intensity. Default: one. */
  batchSize?: number;
  /** What weights and activations are kept in. Default float32. */
  dtype?: DType;
}

/**
 * Computes what every layer of a network puts out and costs, without running it.
 *
 * @param network a list of layers (each takes the output of the one before, or of those named in `inputs`), or a tfjs LayersModel
 * @param options input shape, batch size and number type
 * @returns a row for each layer, and the totals
 * @throws TypeError or RangeError naming the place of the first layer that does not fit, the numbers and the nearest that would fit
 *
 * @example
 * import { formatSummary, summarize } from '@cnnzoo/shape';
 *
 * const summary = summarize(
 *   [
 *     { type: 'Conv2d', outChannels: 6, kernelSize: 5 },
 *     { type: 'ReLU' },
 *     { type: 'MaxPool2d', kernelSize: 2 },
 *     { type: 'Flatten' },
 *     { type: 'Linear', outFeatures: 10 },
 *   ],
 *   { inputShape: [32, 32, 1] },
 * );
 * summary.params; // 11926
 * console.log(formatSummary(summary));
 */
export function summarize(
  network: readonly LayerSpec[] | LayersModelLike,
  options: SummarizeOptions = {},
): ModelSummary {
  const { dtype = 'float32', batchSize } = checkOptions<SummarizeOptions>('summarize', options, {
    inputShape: optional(checkedLater<Shape>()),
    batchSize: optional(checkedLater<number>()),
    dtype: optional(oneOf(Object.keys(bytesPerElement) as DType[])),
  });
  if (batchSize !== undefined) integer('batchSize', batchSize);
  const { name, graph } = readNetwork(network, options.inputShape);
  const { rows, misfit } = computeLayers(graph);
  if (misfit !== null) throw misfit.error;
  return total(name, graph, rows, batchSize ?? null, dtype);
}

/** A network as a graph of layers, whichever way it was given. */
export function readNetwork(
  network: readonly LayerSpec[] | LayersModelLike,
  inputShape: Shape | undefined,
): { name: string; graph: LayerGraph } {
  if (isLayersModel(network)) {
    const model = readLayersModel(network);
    return { name: model.name, graph: connectLayers(model.layers, inputShape ?? model.inputShape, model.output) };
  }
  if (!Array.isArray(network)) {
    throw new TypeError(`expected a list of layers or a LayersModel, got ${shown(network)}`);
  }
  return { name: 'network', graph: connectLayers(network, inputShape, undefined) };
}

/** A layer with its inputs and what it makes of them. */
interface Row {
  readonly node: LayerNode;
  readonly inputs: readonly Value[];
  readonly outcome: Outcome;
}

/** The first layer that does not fit what comes in. */
interface Misfit {
  readonly node: LayerNode;
  readonly inputShapes: readonly Shape[];
  readonly reason: string;
  readonly error: Error;
}

/** Applies one layer after the other until one does not fit. */
export function computeLayers(graph: LayerGraph): { rows: readonly Row[]; misfit: Misfit | null } {
  const values = new Map<string, Value>();
  for (const [name, shape] of graph.inputs) {
    const [height = 1, width = 1] = shape.length === 3 ? shape : [];
    values.set(name, { shape, span: [height, width], field: shape.length === 3 ? pixelField : null });
  }
  const rows: Row[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.flatMap((name) => values.get(name) ?? []);
    try {
      const outcome = applyLayer(node.spec, inputs);
      values.set(node.name, outcome);
      rows.push({ node, inputs, outcome });
    } catch (thrown) {
      if (!(thrown instanceof TypeError || thrown instanceof RangeError)) throw thrown;
      const message = `${node.place}, ${shown(node.name)} (${typeOf(node.spec)}): ${thrown.message}`;
      const error = thrown instanceof TypeError ? new TypeError(message) : new RangeError(message);
      return { rows, misfit: { node, inputShapes: inputs.map(({ shape }) => shape), reason: thrown.message, error } };
    }
  }
  return { rows, misfit: null };
}

function typeOf(spec: LayerSpec): LayerType | string {
  return spec.type === 'Custom' ? spec.className : spec.type;
}

/** The names of the layers that `output` is computed from. */
function ancestors(graph: LayerGraph): ReadonlySet<string> {
  const needed = new Set([graph.output]);
  for (const node of graph.nodes.toReversed()) {
    if (needed.has(node.name)) for (const input of node.inputs) needed.add(input);
  }
  return needed;
}

/** Layers that move no data when a network predicts. */
const views: ReadonlySet<LayerType> = new Set(['Flatten', 'Dropout', 'Identity']);

/** The field of the last map that the output is computed from, before the map is pooled as a whole or flattened. */
function lastMapField(rows: readonly Row[], needed: ReadonlySet<string>): ReceptiveField | null {
  const collapsed = new Set<string>();
  let field: ReceptiveField | null = null;
  for (const { node, inputs, outcome } of rows) {
    const toOnePixel = elements(outcome.span) === 1 && inputs.some(({ span }) => elements(span) > 1);
    const pools = /Pool2d$/.test(node.spec.type) && (toOnePixel || node.spec.type.startsWith('Adaptive'));
    if (pools || outcome.shape.length !== 3 || node.inputs.every((input) => collapsed.has(input))) {
      collapsed.add(node.name);
    } else if (needed.has(node.name)) {
      field = outcome.field;
    }
  }
  return field;
}

function total(
  name: string,
  graph: LayerGraph,
  rows: readonly Row[],
  batchSize: number | null,
  dtype: DType,
): ModelSummary {
  const bytes = bytesPerElement[dtype];
  const batch = batchSize ?? 1;
  const needed = ancestors(graph);
  const layers = rows.map(({ node, inputs, outcome }): LayerSummary => {
    const { spec } = node;
    const counted = spec.sharedWith === undefined ? 1 : 0;
    const params = counted * outcome.params;
    const buffers = counted * outcome.buffers;
    const output = elements(outcome.shape);
    const read = inputs.reduce((sum, { shape }) => sum + elements(shape), 0);
    // A layer called again reads its weights again.
    const traffic = views.has(spec.type) ? 0 : bytes * (batch * (read + output) + outcome.params + outcome.buffers);
    return {
      name: node.name,
      type: typeOf(spec),
      className: spec.className,
      partOf: spec.partOf,
      inputs: node.inputs,
      inputShapes: inputs.map(({ shape }) => shape),
      outputShape: outcome.shape,
      params,
      trainableParams: spec.trainable === false ? 0 : params,
      nonTrainableParams: spec.trainable === false ? params : 0,
      buffers,
      macs: outcome.macs,
      flops: outcome.flops,
      forwardBytes: bytes * batch * output,
      backwardBytes: bytes * batch * output,
      weightBytes: bytes * (params + buffers),
      trafficBytes: traffic,
      arithmeticIntensity: traffic === 0 ? 0 : (batch * outcome.flops) / traffic,
      kernel: outcome.kernel,
      receptiveField: outcome.field,
      auxiliary: !needed.has(node.name),
    };
  });
  const sum = (of: (layer: LayerSummary) => number) => layers.reduce((soFar, layer) => soFar + of(layer), 0);
  const main = (of: (layer: LayerSummary) => number) => sum((layer) => (layer.auxiliary ? 0 : of(layer)));
  const flops = main((layer) => layer.flops);
  const traffic = main((layer) => layer.trafficBytes);
  const inputs = [...graph.inputs].map(([inputName, shape]) => ({
    name: inputName,
    shape,
    isLayer: graph.namesInputs,
  }));
  return {
    name,
    inputs,
    inputShape: inputs[0]?.shape ?? [],
    outputShape: rows.find(({ node }) => node.name === graph.output)?.outcome.shape ?? inputs[0]?.shape ?? [],
    batchSize,
    dtype,
    params: sum((layer) => layer.params),
    trainableParams: sum((layer) => layer.trainableParams),
    nonTrainableParams: sum((layer) => layer.nonTrainableParams),
    buffers: sum((layer) => layer.buffers),
    macs: main((layer) => layer.macs),
    auxiliaryMacs: sum((layer) => layer.macs) - main((layer) => layer.macs),
    flops,
    inputBytes: bytes * batch * inputs.reduce((soFar, { shape }) => soFar + elements(shape), 0),
    forwardBytes: sum((layer) => layer.forwardBytes),
    backwardBytes: sum((layer) => layer.backwardBytes),
    weightBytes: sum((layer) => layer.weightBytes),
    trafficBytes: traffic,
    arithmeticIntensity: traffic === 0 ? 0 : (batch * flops) / traffic,
    receptiveField: lastMapField(rows, needed),
    layers,
  };
}
