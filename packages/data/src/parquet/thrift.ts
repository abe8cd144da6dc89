/** The values of a thrift struct by the numbers of their fields. Texts are left out. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;
type ThriftValue = number | boolean | null | readonly ThriftValue[] | ThriftStruct;

/** Structs and lists of Parquet lie less deep in each other. */
const deepest = 16;

/**
 * Reads a struct of thrift's compact protocol, with every length checked against the bytes that are there: hyparquet, which reads it for its values,
 * allocates what a list says it has.
 * @returns the struct, and where its bytes end
 * @throws Error where the bytes are no such struct
 */
export function readThrift(bytes: Uint8Array, start = 0): { readonly struct: ThriftStruct; readonly end: number } {
  let at = start;
  const broken = () => new Error(`corrupt parquet: no structure at byte ${at}`);
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw broken();
    return value;
  };
  /** As a number; above 2^53 it is not exact, and larger than what it may be anyway. */
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const next = byte();
      value += (next & 127) * scale;
      if (next < 128) return value;
      if (scale > 2 ** 63) throw broken();
    }
  };
  const zigzag = (): number => {
    const value = varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const skip = (length: number): null => {
    if (length > bytes.length - at) throw broken();
    at += length;
    return null;
  };
  function struct(depth: number): ThriftStruct {
    if (depth > deepest) throw broken();
    const fields = new Map<number, ThriftValue>();
    let field = 0;
    for (let head = byte(); (head & 15) !== 0; head = byte()) {
      field = head >> 4 === 0 ? zigzag() : field + (head >> 4);
      fields.set(field, value(head & 15, depth));
    }
    return fields;
  }
  function list(depth: number): ThriftValue[] {
    if (depth > deepest) throw broken();
    const head = byte();
    const count = head >> 4 === 15 ? varint() : head >> 4;
    // Each of its values has a byte at least.
    if (count > bytes.length - at) throw broken();
    const type = head & 15;
    return Array.from({ length: count }, () => (type === 1 || type === 2 ? byte() === 1 : value(type, depth)));
  }
  function value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
        return true;
      case 2:
        return false;
      case 3:
        return byte();
      case 4:
      case 5:
      case 6:
        return zigzag();
      case 7:
        return skip(8);
      case 8:
        return skip(varint());
      case 9:
        return list(depth + 1);
      case 12:
        return struct(depth + 1);
      default:
        throw broken();
    }
  }
  return { struct: struct(0), end: at };
}
