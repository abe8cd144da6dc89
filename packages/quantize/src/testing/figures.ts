/** Scales and zero points that stand in a quantized file, in the form of src/fixtures/quantizer.py. */
import { dataTypes, decodeModel } from '@cnnzoo/onnx-format';
import { floatsOf } from '../graph/tensors.js';

export type Figures = Readonly<Record<string, readonly number[]>>;

export function figuresOf(model: Uint8Array): Figures {
  const { graph } = decodeModel(model);
  const constants = new Map(graph?.initializer.map((tensor) => [tensor.name, tensor]));
  const found: Record<string, number[]> = {};
  for (const { opType, input, output } of graph?.node ?? []) {
    if (opType !== 'DequantizeLinear') continue;
    const [scale, zeroPoint] = [constants.get(input[1] ?? ''), constants.get(input[2] ?? '')];
    const scales = (scale && floatsOf(scale)) ?? new Float32Array();
    const bytes = zeroPoint?.rawData ?? new Uint8Array();
    const zeroPoints =
      zeroPoint?.dataType === dataTypes.uint8 ? bytes : new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const sum = scales.reduce((total, each) => total + each, 0);
    const zeroPointSum = Array.from(zeroPoints).reduce((total, each) => total + each, 0);
    const name = (output[0] ?? '').replace(/_DequantizeLinear_Output$/, '');
    found[name] = scales.length === 1 ? [sum, zeroPointSum] : [sum, scales.at(-1) ?? 0, zeroPointSum];
  }
  return found;
}
