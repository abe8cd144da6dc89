/** What `quantize` of @cnnzoo/quantize says of itself in an ONNX file. Of a file only its outermost fields are read, not its weights. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { decodeModel } from '@cnnzoo/onnx-format';
import protobuf from 'protobufjs/light.js';

/** How a file was quantized, as far as processors differ in it. */
export interface RecordedQuantization {
  readonly weights: unknown;
}

/** @param source the path or the bytes of an ONNX file */
export function recordedQuantization(source: string | Uint8Array): RecordedQuantization | null {
  try {
    return typeof source === 'string'
      ? ofFile(source)
      : ofFields((from, length) => source.subarray(from, from + length));
  } catch {
    // onnxruntime says what is wrong with the file, and others may use the name for something else.
    return null;
  }
}

type Read = (from: number, length: number) => Uint8Array;

function ofFile(path: string): RecordedQuantization | null {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return ofFields((from, length) => {
      // A broken file may name any length.
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - from)));
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
    });
  } finally {
    closeSync(file);
  }
}

/** Of the messages of onnx.proto. */
const [graph, delimited] = [7, 2];
/** A field's number and the length of what follows have at most 10 bytes each. */
const longestHead = 20;

function ofFields(read: Read): RecordedQuantization | null {
  const fields: Uint8Array[] = [];
  for (let at = 0; ; ) {
    const head = read(at, longestHead);
    if (head.length === 0) break;
    const reader = protobuf.Reader.create(head);
    const tag = reader.uint32();
    const isGraph = tag === ((graph << 3) | delimited);
    if ((tag & 7) === delimited) {
      const length = reader.uint32();
      if (!isGraph) fields.push(read(at, reader.pos + length));
      at += reader.pos + length;
    } else {
      reader.skipType(tag & 7);
      at += reader.pos;
    }
  }
  const { metadataProps } = decodeModel(Buffer.concat(fields));
  const said = metadataProps.find(({ key }) => key === 'quantization');
  const facts: unknown = said && JSON.parse(said.value);
  return typeof facts === 'object' && facts !== null && 'weights' in facts ? facts : null;
}
