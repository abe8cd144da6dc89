/** Whether a quantized file is for another processor than this one. */
import type { Int8Products } from '@cnnzoo/backend-onnx';
import type { OnnxFile } from './onnx-file.js';

/**
 * @param metadata of the file: what `quantize` says of itself in it
 * @param products how this processor adds products of 8 bits
 * @returns null where the file computes what it says
 */
export function processorWarning(path: string, metadata: OnnxFile['metadata'], products: Int8Products): string | null {
  if (products === 'exact' || !/"weights":"int8"/.test(metadata['quantization'] ?? '')) return null;
  return `${path} has weights of 8 bits, whose sums saturate on this processor: its answers lose accuracy. Quantize it again with weights: 'int7'`;
}
