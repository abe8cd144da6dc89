import { readThrift, type ThriftStruct } from './thrift.js';

/** What the footer says of a column's pages in a row group. */
export interface ChunkFacts {
  readonly rows: number;
  /** Bytes of its pages when unpacked. */
  readonly unpacked: number;
}

/**
 * Looks at the headers of a column's pages before they are unpacked: together they may have no more rows and bytes than the footer says.
 * @throws Error where they have
 */
export function checkPages(bytes: Uint8Array, { rows, unpacked }: ChunkFacts): void {
  let [values, size] = [0, 0];
  for (let at = 0; at < bytes.length - 1 && values < rows; ) {
    const { struct, end } = readThrift(bytes, at);
    const [pageUnpacked, packed] = [integer(struct, 2), integer(struct, 3)];
    size += pageUnpacked;
    if (packed > bytes.length - end || size > unpacked)
      throw new Error(
        `corrupt parquet: a page of ${packed} bytes, ${pageUnpacked} when unpacked, is more than its column has`,
      );
    const dictionary = nested(struct, 7);
    // Each of its values is four bytes long at least.
    if (dictionary !== undefined && integer(dictionary, 1) > pageUnpacked)
      throw new Error(`corrupt parquet: a dictionary of ${integer(dictionary, 1)} values in ${pageUnpacked} bytes`);
    const [first, second] = [nested(struct, 5), nested(struct, 8)];
    if (first !== undefined) values += integer(first, 1);
    if (second !== undefined) {
      const levels = integer(second, 5) + integer(second, 6);
      if (
        integer(second, 2) > integer(second, 1) ||
        integer(second, 3) > rows ||
        levels > Math.min(packed, pageUnpacked)
      )
        throw new Error('corrupt parquet: a page has more nulls, rows or levels than values');
      values += integer(second, 1);
    }
    if (values > rows) throw new Error(`corrupt parquet: pages of ${values} rows, its row group has ${rows}`);
    at = end + packed;
  }
}

/** A number that every writer gives: hyparquet, where it is missing, would read on at a place that is no number, for ever. */
function integer(struct: ThriftStruct, field: number): number {
  const value = struct.get(field);
  if (typeof value === 'number' && value >= 0) return value;
  throw new Error('corrupt parquet: a page without its sizes');
}

function nested(struct: ThriftStruct, field: number): ThriftStruct | undefined {
  const value = struct.get(field);
  return value instanceof Map ? value : undefined;
}
