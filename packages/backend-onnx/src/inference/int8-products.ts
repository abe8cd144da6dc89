import { encodeModel, onnxType } from '../graph/onnx-model.js';
import { openGraphRuntime } from '../runtime/onnxruntime-node.js';

/** How a processor adds products of 8-bit numbers in onnxruntime. */
export type Int8Products = 'exact' | 'saturating';

const size = 64;
const largest = { activation: 255, weight: 127 };
const int8 = 3;

let known: Int8Products | null = null;

/**
 * Whether onnxruntime adds products of 8-bit activations and 8-bit weights exactly on this processor. With AVX2 alone, two products are added in
 * 16 bits, which are too few for large ones: weights of 7 bits are exact there. AVX-VNNI, AVX-512 VNNI, AMX and ARM are exact. A small product
 * is computed once and looked at, so that nothing has to be known of processors.
 * @returns 'exact' or 'saturating'
 * @example
 * import { int8Products } from '@cnnzoo/backend-onnx';
 *
 * console.log(int8Products()); // 'exact' on a server with VNNI
 */
export function int8Products(): Int8Products {
  known ??= measured();
  return known;
}

function measured(): Int8Products {
  const value = (name: string, elemType: number, dims: readonly number[]) => ({
    name,
    type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const node = (opType: string, input: string[], output: string) => ({
    input,
    output: [output],
    name: opType,
    opType,
    domain: '',
    attribute: [],
  });
  const model = encodeModel(
    {
      name: 'int8-products',
      node: [node('MatMulInteger', ['x', 'w'], 'y')],
      initializer: [
        { name: 'w', dims: [size, size], dataType: int8, rawData: new Uint8Array(size * size).fill(largest.weight) },
      ],
      input: [value('x', onnxType.uint8, [size, size])],
      output: [value('y', onnxType.int32, [size, size])],
    },
    [],
  );
  const session = openGraphRuntime(model, 1);
  const dims = [size, size];
  const data = new Int32Array(size * size);
  const x = new Uint8Array(size * size).fill(largest.activation);
  session.run(new Map([['x', { type: 'uint8', dims, data: x }]]), new Map([['y', { type: 'int32', dims, data }]]));
  session.dispose();
  return data.every((sum) => sum === size * largest.activation * largest.weight) ? 'exact' : 'saturating';
}
