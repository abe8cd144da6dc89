/** Which variable of a Keras 3 layer is what: its files number them. */
import { asFloat32 } from '../../state-dict/dtype.js';
import type { StateTensor } from '../../state-dict/state-dict.js';

/**
 * The variables of a layer by their roles, in Keras's order.
 * @param className the layer's, in camel or snake case
 */
export function layerVariables(
  className: string,
  tensors: readonly StateTensor[],
  config: Readonly<Record<string, unknown>>,
): [role: string, tensor: StateTensor][] {
  const [first] = tensors;
  if (first?.dtype === 'I8' || first?.dtype === 'U8') return quantizedVariables(first, tensors.slice(1));
  const roles = variableRoles(className, tensors.length, config);
  return tensors.map((tensor, i) => [roles[i] ?? String(i), tensor]);
}

function variableRoles(className: string, count: number, config: Readonly<Record<string, unknown>>): readonly string[] {
  if (/batch_?normalization/i.test(className)) {
    // Three without a word on which is missing: Keras's own Inception is without scale.
    const scale = config['scale'] ?? count === 4;
    const center = config['center'] ?? true;
    return [...(scale ? ['weight'] : []), ...(center ? ['bias'] : []), 'running_mean', 'running_var'];
  }
  if (/(layer|group)_?normalization/i.test(className))
    return [...(config['scale'] === false ? [] : ['weight']), ...(config['center'] === false ? [] : ['bias'])];
  if (/^normalization(_\d+)?$/i.test(className)) return ['mean', 'variance', 'count'];
  if (/separable_?conv/i.test(className)) return ['weight', 'pointwise_kernel', 'bias'];
  return ['weight', 'bias'];
}

/**
 * A layer whose kernel is int8: kernel, bias where it has one, and the scale last. Each code stands for code / scale, and the scale is
 * that of an output feature. Codes without a scale of that form keep a name that no model's weight has.
 */
function quantizedVariables(codes: StateTensor, others: readonly StateTensor[]): [string, StateTensor][] {
  const scale = others.at(-1);
  const outputs = codes.shape.at(-1) ?? 0;
  const [bias] = others.slice(0, -1);
  if (codes.dtype !== 'I8' || others.length > 2 || scale?.shape.length !== 1 || scale.shape[0] !== outputs)
    return [codes, ...others].map((tensor, i) => [`quantized_${i}`, tensor]);
  const kernel: StateTensor = {
    shape: codes.shape,
    dtype: 'F32',
    get data() {
      const scales = asFloat32(scale.data);
      return asFloat32(codes.data).map((code, i) => code / (scales[i % outputs] ?? 1));
    },
  };
  return [['weight', kernel], ...(bias === undefined ? [] : [['bias', bias] as [string, StateTensor]])];
}
