/** Warns where a quantized network meets a processor for which it was not made. */
import { type Int8Products, int8Products } from './int8-products.js';
import { type RecordedQuantization, recordedQuantization } from './recorded-quantization.js';

const warned = new Set<string>();

/**
 * A network of 8-bit weights is quietly wrong where sums of their products saturate. Said once in a process.
 * @param name of the network, for a person
 * @param source the path or the bytes of its ONNX file
 */
export function warnOfProcessor(name: string, source: string | Uint8Array): void {
  if (warned.has(name)) return;
  const recorded = recordedQuantization(source);
  // The processor is tried for quantized networks only.
  const message = recorded === null ? null : processorWarning(name, recorded, int8Products());
  if (message === null) return;
  warned.add(name);
  process.emitWarning(message, { type: 'QuantizationWarning', code: 'CNNZOO_INT8_SATURATES' });
}

/** @returns null where the network computes what it says */
export function processorWarning(
  name: string,
  { weights }: RecordedQuantization,
  products: Int8Products,
): string | null {
  if (products === 'exact' || weights !== 'int8') return null;
  return `${name} has weights of 8 bits, whose sums saturate on this processor: its answers lose accuracy. Quantize it again with weights: 'int7'`;
}
