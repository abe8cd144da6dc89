/** A graph as it is quantized: no more operations than have to be, each in the form that onnxruntime has 8-bit kernels for. */
import { dataTypes, type GraphProto } from '@cnnzoo/onnx-format';
import { type Graph, graphOf, isOutput, readersOf, removeUnused, replaceMade, replaceReads } from '../graph/graph.js';
import type { FloatModel } from '../graph/open-source.js';
import { float32Tensor, widened } from '../graph/tensors.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import { fuseBias } from './fuse-bias.js';
import { globalPooling } from './global-pooling.js';
import { upgradeOperators } from './upgrade-operators.js';

/** The oldest version of ONNX's operators in which quantized graphs are written. Weights have a scale for each channel since 13. */
const oldestWritten = 17;

export interface PreparedGraph {
  readonly graph: Graph;
  /** The version of its operators. */
  readonly opset: number;
}

/** @throws RangeError naming a node whose operator cannot be brought to a version that can be quantized */
export function prepare({ graph, opsetImport }: FloatModel['model']): PreparedGraph {
  const prepared = graphOf(structuredCloneOfNodes(graph));
  const version = opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  inlineConstants(prepared);
  upgradeOperators(prepared, version);
  skipIdentities(prepared);
  foldBatchNorm(prepared);
  globalPooling(prepared);
  fuseBias(prepared);
  removeUnused(prepared);
  nameNodes(prepared);
  return { graph: prepared, opset: Math.max(version, oldestWritten) };
}

/** The caller's model stays as it is. Weights are shared: they are replaced, never written to. */
function structuredCloneOfNodes(graph: GraphProto) {
  return {
    ...graph,
    node: graph.node.map((node) => ({
      ...node,
      input: [...node.input],
      output: [...node.output],
      attribute: [...node.attribute],
    })),
  };
}

/** Constants that are nodes become tensors of the graph, and weights of two bytes float32. */
function inlineConstants(graph: Graph): void {
  graph.nodes = graph.nodes.filter(({ opType, attribute, input: [from = ''], output: [name = ''] }) => {
    const value = opType === 'Constant' ? attribute.find((each) => each.name === 'value')?.t : undefined;
    const halves = opType === 'Cast' ? graph.constants.get(from) : undefined;
    if (value !== undefined) graph.constants.set(name, { ...value, name });
    else if (halves?.dataType === dataTypes.float16)
      graph.constants.set(name, float32Tensor(name, halves.dims, widened(halves)));
    else return true;
    return false;
  });
}

/** What does nothing when it predicts. */
function skipIdentities(graph: Graph): void {
  for (const node of [...graph.nodes]) {
    const [from = ''] = node.input;
    const [to = ''] = node.output;
    if (node.opType !== 'Identity' && node.opType !== 'Dropout') continue;
    const readByOthers = (readersOf(graph).get(from) ?? []).length > 1;
    if (!isOutput(graph, to)) replaceReads(graph, to, from);
    else if (!readByOthers && !graph.constants.has(from) && graph.inputs.every(({ name }) => name !== from))
      replaceMade(graph, from, to);
    else continue;
    graph.nodes = graph.nodes.filter((each) => each !== node);
  }
}

/** A name for each, by which it can be left out. */
function nameNodes(graph: Graph): void {
  const names = new Set<string>();
  for (const [i, node] of graph.nodes.entries()) {
    if (node.name === '' || names.has(node.name)) node.name = `${node.opType}_${i}`;
    names.add(node.name);
  }
}
