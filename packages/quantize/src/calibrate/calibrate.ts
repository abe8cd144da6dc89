/** Runs a network on calibration images, once, and finds out the ranges of its values. Nothing but ranges and histograms is kept. */
import { type GraphValue, type OnnxFileSignature, type OnnxGraphSession, openOnnxGraph } from '@cnnzoo/backend-onnx';
import { attributeProto, dataTypes, type GraphProto } from '@cnnzoo/onnx-format';
import { encodeGraph } from '../graph/encode-graph.js';
import { makersOf, node } from '../graph/graph.js';
import { int64Tensor, sizeOf } from '../graph/tensors.js';
import { isImage } from '../prepare/global-pooling.js';
import type { PreparedGraph } from '../prepare/prepare.js';
import { type Batch, type Histogram, whole, withAbsoluteValues, withValues } from './histogram.js';
import { type CalibrationImages, imageBatches } from './image-batches.js';
import { entropyRange, percentileRange, type Range } from './thresholds.js';

/** How the range of a value follows from the calibration images. */
export type CalibrationMethod = 'minmax' | 'entropy' | 'percentile';

interface Method {
  /** @param known of the batches before */
  readonly add: (known: Histogram | undefined, batch: Batch) => Histogram;
  readonly rangeOf: (histogram: Histogram) => Range;
}

/** With onnxruntime's numbers of bins and steps. */
const methods: Readonly<Record<CalibrationMethod, Method>> = {
  minmax: { add: (known, batch) => withoutCounts(known, batch), rangeOf: (histogram) => histogram },
  entropy: {
    add: (known, batch) => withValues(known, batch, 128),
    rangeOf: (histogram) => entropyRange(histogram, 128),
  },
  percentile: {
    add: (known, batch) => withAbsoluteValues(known, batch, 2048),
    rangeOf: (histogram) => percentileRange(histogram, 99.999),
  },
};

function withoutCounts(known: Histogram | undefined, { lowest, highest }: Batch): Histogram {
  return {
    counts: new Float64Array(0),
    edges: none,
    ...whole,
    lowest: Math.min(lowest, known?.lowest ?? lowest),
    highest: Math.max(highest, known?.highest ?? highest),
  };
}

/**
 * @param names of the values
 * @returns the range of each
 * @throws RangeError where there are no images, or a value is not finite
 */
export async function calibrate(
  prepared: PreparedGraph,
  signature: OnnxFileSignature,
  names: readonly string[],
  images: CalibrationImages,
  method: CalibrationMethod,
): Promise<Map<string, Range>> {
  const { add, rangeOf } = methods[method];
  const counts = method !== 'minmax';
  const makers = makersOf(prepared.graph);
  // Of what a ReLU makes the smallest number does not matter: a range has 0 in it.
  const seen = names.map((name) => ({ name, isPositive: makers.get(name)?.opType === 'Relu' }));
  const session = openOnnxGraph(encodeGraph(observed(prepared, seen, counts), prepared.opset));
  const known = new Map<string, Histogram>();
  try {
    const read = reader(session, seen, counts);
    for await (const batch of imageBatches(images, signature)) {
      const values = read(new Map([[signature.input, batch]]), batch.dims[0] ?? 1);
      for (const { name, isPositive } of seen) {
        const mostOfRows = floats(values, highestOf(name));
        const leastOfRows = isPositive ? zero : floats(values, lowestOf(name));
        const highest = mostOfRows.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
        const lowest = leastOfRows.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
        if (!Number.isFinite(lowest) || !Number.isFinite(highest))
          throw new RangeError(`the calibration images make value ${name} of the network infinite or not a number`);
        const rows = isPositive
          ? mostOfRows
          : mostOfRows.map((most, row) => Math.max(Math.abs(most), Math.abs(leastOfRows[row] ?? 0)));
        known.set(name, add(known.get(name), { lowest, highest, rows, values: floats(values, copyOf(name)) }));
      }
    }
  } finally {
    session.dispose();
  }
  if (known.size === 0 && names.length > 0) throw new RangeError('calibration has no images, expected at least one');
  return new Map([...known].map(([name, histogram]) => [name, rangeOf(histogram)]));
}

const none = new Float32Array(0);
const zero = Float32Array.of(0);
const lowestOf = (name: string) => `${name}/lowest`;
const highestOf = (name: string) => `${name}/highest`;
const copyOf = (name: string) => `${name}/values`;

interface Seen {
  readonly name: string;
  readonly isPositive: boolean;
}

/**
 * The graph whose outputs are the smallest and largest number of each value, and the values themselves where they are counted. Of maps they are those of each
 * map: onnxruntime shares rows out to its threads, and goes through a value that has only one with one.
 */
function observed({ graph, opset }: PreparedGraph, values: readonly Seen[], withValues: boolean): GraphProto {
  const makers = makersOf(graph);
  // Since version 18 the axes are an input.
  const [axes, attributes] = opset < 18 ? [[], [attributeProto('axes', [2, 3])]] : [[mapAxes], []];
  const seen = values.flatMap(({ name, isPositive }) => {
    const isMap = isImage(name, makers);
    const extreme = (operator: 'ReduceMin' | 'ReduceMax', into: string) =>
      isMap
        ? node(operator, into, [name, ...axes], [into], [...attributes, keepNoAxes])
        : node(operator, into, [name], [into], [keepNoAxes]);
    const highest = highestOf(name);
    return [
      ...(isPositive ? [] : [extreme('ReduceMin', lowestOf(name))]),
      // Pooling reads maps in the layout in which convolutions make them.
      isPositive && isMap ? node('GlobalMaxPool', highest, [name], [highest]) : extreme('ReduceMax', highest),
      // A copy: what a network takes can be no output of it.
      ...(withValues ? [node('Identity', copyOf(name), [name], [copyOf(name)])] : []),
    ];
  });
  const outputs = seen.map(({ output: [name = ''] }) => ({
    name,
    type: { tensorType: { elemType: dataTypes.float32 } },
  }));
  return {
    name: 'calibration',
    node: [...graph.nodes, ...seen],
    initializer: [...graph.constants.values(), int64Tensor(mapAxes, [2, 3])],
    input: graph.inputs,
    output: outputs as GraphProto['output'],
  };
}

const mapAxes = 'calibration/axes';

const keepNoAxes = { name: 'keepdims', type: 2, i: 0 };

const outputsOf = (seen: readonly Seen[], withValues: boolean): string[] =>
  seen.flatMap(({ name, isPositive }) => [
    ...(isPositive ? [] : [lowestOf(name)]),
    highestOf(name),
    ...(withValues ? [copyOf(name)] : []),
  ]);

/** Reads all outputs into the same arrays as long as batches have the same size. */
function reader(session: OnnxGraphSession, seen: readonly Seen[], withValues: boolean) {
  const outputs = outputsOf(seen, withValues);
  let [arrays, size] = [new Map<string, GraphValue>(), 0];
  return (inputs: ReadonlyMap<string, GraphValue>, count: number): ReadonlyMap<string, GraphValue> => {
    if (count === size) session.run(inputs, arrays);
    else {
      const fetched = session.fetch(inputs, outputs);
      arrays = new Map(
        [...fetched].map(([name, { dims, data }]) => [
          name,
          { type: 'float32', dims, data: data instanceof Float32Array ? data : new Float32Array(sizeOf(dims)) },
        ]),
      );
      size = count;
    }
    return arrays;
  };
}

function floats(values: ReadonlyMap<string, GraphValue>, name: string): Float32Array {
  const data = values.get(name)?.data;
  return data instanceof Float32Array ? data : none;
}
