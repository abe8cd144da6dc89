/** Runs a network on calibration images, once, and finds out the ranges of its values. Nothing but ranges and histograms is kept. */
import { type GraphValue, type OnnxFileSignature, type OnnxGraphSession, openOnnxGraph } from '@cnnzoo/backend-onnx';
import { attributeProto, dataTypes, type GraphProto } from '@cnnzoo/onnx-format';
import { encodeGraph } from '../graph/encode-graph.js';
import { makersOf, node } from '../graph/graph.js';
import { int64Tensor, sizeOf } from '../graph/tensors.js';
import { isImage } from '../prepare/global-pooling.js';
import type { PreparedGraph } from '../prepare/prepare.js';
import { type Batch, type Extremes, type Histogram, whole, withAbsoluteValues, withValues } from './histogram.js';
import { type CalibrationImages, imageBatches } from './image-batches.js';
import { entropyRange, percentileRange, type Range } from './thresholds.js';

/** How the range of a value follows from the calibration images. */
export type CalibrationMethod = 'minmax' | 'entropy' | 'percentile';

/** What is read of a value of the network after each batch. */
interface Reading {
  readonly values: Float32Array;
  /** Only where the method wants them. */
  extremes(): Omit<Batch, 'values'>;
  /** @throws RangeError where they are no finite numbers */
  checked(extremes: Extremes): void;
}

interface Method {
  /** Whether it reads the values, and their extremes. */
  readonly reads: { readonly values: boolean; readonly extremes: boolean };
  /** @param known of the batches before */
  readonly add: (known: Histogram | undefined, reading: Reading) => Histogram;
  readonly rangeOf: (histogram: Histogram) => Range;
}

/** With onnxruntime's numbers of bins and steps. */
const methods: Readonly<Record<CalibrationMethod, Method>> = {
  minmax: {
    reads: { values: false, extremes: true },
    add: (known, { extremes }) => withoutCounts(known, extremes()),
    rangeOf: (histogram) => histogram,
  },
  entropy: {
    reads: { values: true, extremes: false },
    add: (known, { values, checked }) => withValues(known, values, 128, checked),
    rangeOf: (histogram) => entropyRange(histogram, 128),
  },
  percentile: {
    reads: { values: true, extremes: true },
    add: (known, { values, extremes }) => withAbsoluteValues(known, { values, ...extremes() }, 2048),
    rangeOf: (histogram) => percentileRange(histogram, 99.999),
  },
};

function withoutCounts(known: Histogram | undefined, { lowest, highest }: Extremes): Histogram {
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
  const { add, rangeOf, reads } = methods[method];
  const makers = makersOf(prepared.graph);
  // Of what a ReLU makes the smallest number does not matter: a range has 0 in it.
  const seen = names.map((name) => ({ name, isPositive: makers.get(name)?.opType === 'Relu' }));
  const { graph, outputs } = observed(prepared, seen, reads);
  const session = openOnnxGraph(encodeGraph(graph, prepared.opset));
  const known = new Map<string, Histogram>();
  try {
    const read = reader(session, outputs);
    for await (const batch of imageBatches(images, signature)) {
      const found = read(new Map([[signature.input, batch]]), batch.dims[0] ?? 1);
      for (const each of seen) {
        const { name } = each;
        // The network's input can be no output of the graph.
        const values = name === signature.input ? batch.data : floats(found, name);
        const checked = ({ lowest, highest }: Extremes) => {
          if (!Number.isFinite(lowest) || !Number.isFinite(highest))
            throw new RangeError(
              `value ${name} of the network is infinite or not a number on the calibration images: look at them, and at the network's weights`,
            );
        };
        const extremes = () => {
          const all = extremesOf(each, found);
          checked(all);
          return all;
        };
        known.set(name, add(known.get(name), { values: values as Float32Array, extremes, checked }));
      }
    }
  } finally {
    session.dispose();
  }
  if (known.size === 0 && names.length > 0) throw new RangeError('calibration has no images, expected at least one');
  return new Map([...known].map(([name, histogram]) => [name, rangeOf(histogram)]));
}

function extremesOf({ name, isPositive }: Seen, found: ReadonlyMap<string, GraphValue>): Omit<Batch, 'values'> {
  const mostOfRows = floats(found, highestOf(name));
  const leastOfRows = isPositive ? zero : floats(found, lowestOf(name));
  const highest = mostOfRows.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
  const lowest = leastOfRows.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
  const rows = isPositive
    ? mostOfRows
    : mostOfRows.map((most, row) => Math.max(Math.abs(most), Math.abs(leastOfRows[row] ?? 0)));
  return { lowest, highest, rows };
}

const none = new Float32Array(0);
const zero = Float32Array.of(0);
const lowestOf = (name: string) => `${name}/lowest`;
const highestOf = (name: string) => `${name}/highest`;

interface Seen {
  readonly name: string;
  readonly isPositive: boolean;
}

/**
 * The graph whose outputs are the values, and their smallest and largest numbers, as far as they are wanted. Of maps these are those of each
 * map: onnxruntime shares rows out to its threads, and goes through a value that has only one with one.
 */
function observed(
  { graph, opset }: PreparedGraph,
  seen: readonly Seen[],
  wanted: Method['reads'],
): { graph: GraphProto; outputs: readonly string[] } {
  const makers = makersOf(graph);
  // Since version 18 the axes are an input.
  const [axes, attributes] = opset < 18 ? [[], [attributeProto('axes', [2, 3])]] : [[mapAxes], []];
  const extremes = seen.flatMap(({ name, isPositive }) => {
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
    ];
  });
  const added = wanted.extremes ? extremes : [];
  const isInput = (name: string) => graph.inputs.some((input) => input.name === name);
  const outputs = [
    ...added.flatMap(({ output }) => output),
    ...(wanted.values ? seen.map(({ name }) => name).filter((name) => !isInput(name)) : []),
  ];
  const proto = {
    name: 'calibration',
    node: [...graph.nodes, ...added],
    initializer: [...graph.constants.values(), int64Tensor(mapAxes, [2, 3])],
    input: graph.inputs,
    output: outputs.map((name) => ({ name, type: { tensorType: { elemType: dataTypes.float32 } } })),
  };
  return { graph: proto as GraphProto, outputs };
}

const mapAxes = 'calibration/axes';

const keepNoAxes = { name: 'keepdims', type: 2, i: 0 };

/** Reads all outputs into the same arrays as long as batches have the same size. */
function reader(session: OnnxGraphSession, outputs: readonly string[]) {
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
