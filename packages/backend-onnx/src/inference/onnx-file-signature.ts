import { integer, listOf, nullOr, oneOf, record, string } from '@cnnzoo/checks';
import type { Signature } from './signature.js';

/** How images go into an ONNX file, and what comes out. */
export interface OnnxFileSignature extends Signature {
  /** Of the images in the file: channels last, or first as PyTorch exports it. `inputShape` is [height, width, channels] in both. */
  readonly layout: 'NHWC' | 'NCHW';
  /** What the input takes: numbers, or pixels from 0 to 255. */
  readonly type: 'float32' | 'uint8';
}

const shape = listOf(integer(1), 1);

export const signatureRule = record<OnnxFileSignature>({
  model: string(),
  input: string(),
  output: string(),
  inputShape: shape,
  outputShape: shape,
  batchSize: nullOr(integer(1)),
  layout: oneOf(['NHWC', 'NCHW']),
  type: oneOf(['float32', 'uint8']),
});
