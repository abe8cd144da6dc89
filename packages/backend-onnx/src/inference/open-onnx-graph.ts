import { availableParallelism } from 'node:os';
import { check, checkFewOptions, integer, type OptionRules, optional, rule, string } from '@cnnzoo/checks';
import { openGraphRuntime } from '../runtime/onnxruntime-node.js';

/** A dense array that a graph takes or gives. */
export interface GraphValue {
  readonly type: 'float32' | 'uint8' | 'int32';
  readonly dims: readonly number[];
  readonly data: Float32Array | Uint8Array | Int32Array;
}

/** An ONNX graph in onnxruntime, any of whose outputs can be read. */
export interface OnnxGraphSession {
  /**
   * Runs the graph.
   * @param inputs a value for each input, by name
   * @param outputs names of the outputs to read
   * @returns copies of these outputs
   */
  fetch(inputs: ReadonlyMap<string, GraphValue>, outputs: readonly string[]): ReadonlyMap<string, FetchedValue>;
  /**
   * Runs the graph without a copy of its results.
   * @param inputs a value for each input, by name
   * @param outputs arrays by output name, to be overwritten
   */
  run(inputs: ReadonlyMap<string, GraphValue>, outputs: ReadonlyMap<string, GraphValue>): void;
  /** Frees its memory. */
  dispose(): void;
}

/** What an output has given. */
export interface FetchedValue {
  /** As onnxruntime calls it, such as 'float32'. */
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<unknown>;
}

/** The options of `openOnnxGraph`. */
export interface OpenOnnxGraphOptions {
  /** Threads of one operator. Default: the processors that this process may use. */
  readonly threads?: number;
}

const rules: OptionRules<OpenOnnxGraphOptions> = { threads: optional(integer(1)) };

const bytesRule = rule<Uint8Array>(
  'the bytes of an ONNX model',
  (value) => value instanceof Uint8Array,
  ({ length }) => length > 0,
);
const mapRule = <V>(expected: string) => rule<ReadonlyMap<string, V>>(expected, (value) => value instanceof Map);
const valuesRule = mapRule<GraphValue>('a Map of names to values');
const namesRule = rule<readonly string[]>('an array of names', Array.isArray);

/**
 * Opens an ONNX graph from its bytes, to read values inside of it: name them among its outputs.
 * @param model the bytes of an .onnx file with operators of version 13 or later and its weights inside
 * @param options `threads`
 * @returns `fetch`, `run` and `dispose`
 * @throws TypeError or RangeError naming the argument that is wrong; Error of onnxruntime where it cannot read the model
 * @example
 * import { exportOnnx, openOnnxGraph } from '@cnnzoo/backend-onnx';
 * import { lenet5 } from '@cnnzoo/lenet';
 *
 * const graph = openOnnxGraph(exportOnnx(lenet5()));
 * const images = { type: 'float32', dims: [2, 32, 32, 1], data: new Float32Array(2 * 32 * 32) } as const;
 * console.log(graph.fetch(new Map([['input', images]]), ['output']).get('output')?.dims); // [2, 10]
 * graph.dispose();
 */
export function openOnnxGraph(model: Uint8Array, options: OpenOnnxGraphOptions = {}): OnnxGraphSession {
  check('model', model, bytesRule);
  const { threads = availableParallelism() } = checkFewOptions<OpenOnnxGraphOptions>('openOnnxGraph', options, rules);
  const session = openGraphRuntime(model, threads);
  let disposed = false;
  const checkUsable = (inputs: unknown) => {
    if (disposed) throw new Error('the graph has been disposed: open it again');
    check('inputs', inputs, valuesRule);
  };
  return {
    fetch(inputs, outputs) {
      checkUsable(inputs);
      for (const name of check('outputs', outputs, namesRule)) check('outputs', name, string('an array of names'));
      return session.fetch(inputs, outputs);
    },
    run(inputs, outputs) {
      checkUsable(inputs);
      session.run(inputs, check('outputs', outputs, valuesRule));
    },
    dispose() {
      if (!disposed) session.dispose();
      disposed = true;
    },
  };
}
