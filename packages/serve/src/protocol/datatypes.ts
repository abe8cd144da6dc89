/** Tensors of the Open Inference Protocol: numbers in JSON, or as little-endian bytes behind it. */
import { httpError } from '../http/http-error.js';

/** The largest number of values that a shape may have: it is checked before anything is allocated. */
const mostValues = 2 ** 31;

/** How many values a shape has. @throws HttpError 400 */
export function valuesIn(name: string, shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw invalid(`input '${name}' has the shape [${shape.join(', ')}]`);
    count *= size;
    if (count > mostValues) throw invalid(`input '${name}' has the shape [${shape.join(', ')}], which is too large`);
  }
  return count;
}

/**
 * The float32 values of a JSON array, flat or nested.
 * @throws HttpError 400 where they are not as many, or no numbers
 */
export function floatsOfJson(name: string, data: unknown, count: number): Float32Array {
  if (!Array.isArray(data)) throw invalid(`data of input '${name}' must be an array of numbers`);
  const flat: unknown[] = data.some((each) => Array.isArray(each)) ? data.flat(8) : data;
  if (flat.length !== count)
    throw invalid(`data of input '${name}' has ${flat.length} values, and its shape has ${count}`);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const value = flat[i];
    if (typeof value !== 'number') throw invalid(`data of input '${name}' must be numbers, value ${i} is none`);
    values[i] = value;
  }
  return values;
}

/** The float32 values of bytes. They are copied: bytes from a socket start anywhere. */
export function floatsOfBytes(name: string, bytes: Uint8Array, count: number): Float32Array {
  if (bytes.length !== 4 * count)
    throw invalid(`input '${name}' has ${bytes.length} bytes, and its shape has ${count} values of 4`);
  const values = new Float32Array(count);
  const own = new Uint8Array(values.buffer);
  own.set(bytes);
  // A big-endian machine reads them the other way round.
  return littleEndian ? values : swapped(values);
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function swapped(values: Float32Array): Float32Array {
  const view = new DataView(values.buffer);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
  return values;
}

/** The bytes of float32 values. */
export function bytesOfFloats(values: Float32Array): Buffer {
  const own = littleEndian ? values : swapped(values.slice());
  return Buffer.from(own.buffer, own.byteOffset, own.byteLength);
}

/** The bytes of texts: each behind its length in four bytes. */
export function bytesOfTexts(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

export const invalid = (message: string) => httpError(400, 'invalid', message);
