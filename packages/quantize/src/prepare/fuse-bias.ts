/** A product and the sum after it become one Gemm with a bias, which has an 8-bit kernel; of a convolution likewise. */
import { attributeProto } from '@cnnzoo/onnx-format';
import { type Graph, isOutput, makersOf, readersOf } from '../graph/graph.js';
import { float32Tensor, floatsOf, sizeOf } from '../graph/tensors.js';

export function fuseBias(graph: Graph): void {
  const makers = makersOf(graph);
  const readers = readersOf(graph);
  for (const sum of graph.nodes.filter(({ opType }) => opType === 'Add')) {
    const constant = sum.input.find((name) => graph.constants.has(name));
    const product = makers.get(sum.input.find((name) => name !== constant) ?? '');
    if (constant === undefined || product === undefined) continue;
    const [made = ''] = product.output;
    if (isOutput(graph, made) || readers.get(made)?.length !== 1 || product.input.length !== 2) continue;
    const weight = graph.constants.get(product.input[1] ?? '');
    const tensor = graph.constants.get(constant);
    const bias = tensor && floatsOf(tensor);
    if (weight === undefined || !tensor || !bias || weight.dataType !== tensor.dataType) continue;
    const units = unitsOf(
      product.opType,
      weight.dims,
      product.attribute.find(({ name }) => name === 'transB')?.i === 1,
    );
    // [units], [1, units] or [units, 1, 1]: as many numbers as units, along their axis.
    const alongUnits =
      product.opType === 'Conv'
        ? tensor.dims.at(-3) === units && sizeOf(tensor.dims) === units
        : tensor.dims.at(-1) === units && sizeOf(tensor.dims) === units;
    if (units === null || !alongUnits || (product.opType === 'MatMul' && weight.dims.length !== 2)) continue;
    if (product.opType === 'MatMul' && !isMatrix(graph, product.input[0] ?? '', makers)) continue;
    const name = `${sum.output[0]}_bias`;
    graph.constants.set(name, float32Tensor(name, [units], bias));
    if (product.opType === 'MatMul') product.opType = 'Gemm';
    product.input = [...product.input, name];
    product.output = sum.output;
    if (product.opType === 'Gemm' && !product.attribute.some((each) => each.name === 'beta'))
      product.attribute = [...product.attribute, attributeProto('beta', { float: 1 })];
    makers.set(sum.output[0] ?? '', product);
    graph.nodes = graph.nodes.filter((node) => node !== sum);
  }
}

function unitsOf(opType: string, dims: readonly number[], transposed: boolean): number | null {
  if (opType === 'Conv') return dims[0] ?? null;
  if (opType === 'MatMul') return dims.at(-1) ?? null;
  return opType === 'Gemm' ? (dims[transposed ? 0 : 1] ?? null) : null;
}

/** Whether a value has two axes for sure. */
function isMatrix(graph: Graph, name: string, makers: ReturnType<typeof makersOf>): boolean {
  const maker = makers.get(name);
  if (maker?.opType === 'Flatten' || maker?.opType === 'Gemm') return true;
  if (maker?.opType === 'Relu') return isMatrix(graph, maker.input[0] ?? '', makers);
  const shape = maker?.opType === 'Reshape' ? graph.constants.get(maker.input[1] ?? '') : undefined;
  return shape?.dims[0] === 2;
}
