/** Parquet files by hyparquet, which is loaded where a file is opened: nobody else pays for it. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  addressOf,
  type OpenSource,
  openSource,
  type ReadLimits,
  readBudget,
  remoteFile,
  type Source,
} from '@cnnzoo/files';
import type { Compressors, FileMetaData, RowGroup } from 'hyparquet';
import { checkPages } from './pages.js';
import { readThrift } from './thrift.js';

/** An open Parquet file. */
export interface ParquetFile {
  /** For messages. */
  readonly name: string;
  /** Rows of each row group. */
  readonly groups: readonly number[];
  /** Names of the columns, each with those of the struct that it is. */
  readonly columns: readonly { readonly name: string; readonly fields: readonly string[] }[];
  /** What the writer says of the file, by its keys. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The rows of a row group, with the columns that are asked for. */
  readRows(
    group: number,
    columns: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly Record<string, unknown>[]>;
}

/** Bytes of a footer's structures in memory, for each of its bytes in the file. */
const footerFactor = 64;
/** The same for a row. */
const rowBytes = 64;
/** Columns that lie no further apart are read at once. */
const smallGap = 2 ** 16;

/** Opens a Parquet file: reads its footer. @throws Error where it is none, or its footer asks for more than a file of its size may */
export async function openParquet(source: Source, limits: ReadLimits | undefined): Promise<ParquetFile> {
  const { name, size, read } = await openRanges(source, limits);
  const budget = readBudget(name, size, limits);
  const tail = size < 12 ? new Uint8Array(0) : await read(size - 8, 8);
  const text = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  if (text.toString('latin1', 4) !== 'PAR1') throw new Error('no Parquet file: it does not end in PAR1');
  const length = text.readUInt32LE(0);
  if (length > size - 12) throw new Error(`corrupt parquet: a footer of ${length} bytes in a file of ${size}`);
  budget.memory(length * footerFactor, 'its footer');
  const footer = new Uint8Array(await read(size - 8 - length, length + 8));
  readThrift(footer.subarray(0, length));
  const [{ parquetMetadata, parquetReadObjects, parquetSchema }, { decompress }] = await Promise.all([
    import('hyparquet'),
    import('fzstd'),
  ]);
  const facts: FileMetaData = parquetMetadata(footer, { geoparquet: false });
  const groups = facts.row_groups.map(({ num_rows }) => count(num_rows, 'rows'));
  budget.entries(groups.length);
  for (const rows of groups) budget.memory(rows * rowBytes, 'its rows');

  /** Places and sizes of a group's columns that are asked for. */
  function chunksOf(group: RowGroup, rows: number, columns: readonly string[]) {
    return group.columns.flatMap(({ meta_data: meta, file_path: elsewhere }) => {
      if (meta === undefined || !columns.includes(meta.path_in_schema[0] ?? '')) return [];
      if (elsewhere) throw new Error('its columns are in other files, which is not read');
      const start = count(meta.dictionary_page_offset || meta.data_page_offset, 'bytes');
      const packed = count(meta.total_compressed_size, 'bytes');
      if (start + packed > size) throw new Error(`corrupt parquet: a column ends at byte ${start + packed} of ${size}`);
      if (count(meta.num_values, 'values') !== rows)
        throw new Error(`its column '${meta.path_in_schema.join('.')}' has ${meta.num_values} values in ${rows} rows`);
      return [{ start, end: start + packed, unpacked: count(meta.total_uncompressed_size, 'bytes') }];
    });
  }

  return {
    name,
    groups,
    columns: parquetSchema(facts).children.map(({ element, children }) => ({
      name: element.name,
      fields: children.map((child) => child.element.name),
    })),
    metadata: new Map(facts.key_value_metadata?.map(({ key, value }) => [key, value ?? ''])),
    async readRows(group, columns, signal) {
      const rows = groups[group] ?? 0;
      const described = facts.row_groups[group];
      if (described === undefined || rows === 0) return [];
      const chunks = chunksOf(described, rows, columns);
      const taken = readBudget(name, size, limits);
      for (const { unpacked } of chunks) taken.memory(unpacked, 'a row group');
      const parts: { readonly start: number; readonly bytes: Uint8Array }[] = [];
      for (const { start, end } of joined(chunks)) {
        signal?.throwIfAborted();
        parts.push({ start, bytes: await read(start, end - start) });
      }
      const bytesAt = (start: number, end: number) => {
        const part = parts.find((each) => each.start <= start && end <= each.start + each.bytes.length);
        if (part === undefined) throw new Error(`corrupt parquet: bytes ${start} to ${end} are of no column`);
        return part.bytes.subarray(start - part.start, end - part.start);
      };
      for (const { start, end, unpacked } of chunks) checkPages(bytesAt(start, end), { rows, unpacked });
      // One row group alone, so that others are not gone through.
      const metadata = { ...facts, row_groups: [described], num_rows: BigInt(rows) };
      const file = {
        byteLength: size,
        slice: (start: number, end = size) => new Uint8Array(bytesAt(start, end)).buffer as ArrayBuffer,
      };
      const read1 = await parquetReadObjects({
        file,
        metadata,
        columns: [...columns],
        compressors: compressors(decompress),
        // Bytes stay bytes; texts are marked as such.
        utf8: false,
        geoparquet: false,
      });
      if (read1.length !== rows) throw new Error(`corrupt parquet: ${read1.length} rows, its footer says ${rows}`);
      return read1;
    },
  };
}

/** Any range of a file; of an address, too, without fetching all of it. */
async function openRanges(
  source: Source,
  limits: ReadLimits | undefined,
): Promise<Pick<OpenSource, 'name' | 'size' | 'read'>> {
  const address = typeof source === 'string' || source instanceof URL ? addressOf(source) : null;
  if (address === null) return openSource(source);
  const { stall } = limits ?? {};
  const { name, size, read } = remoteFile(address, stall === undefined ? {} : { stall });
  return { name, size: await size(), read };
}

/** What Node and fzstd unpack; the length was compared with the column's before. */
function compressors(zstd: (bytes: Uint8Array, into: Uint8Array) => Uint8Array): Compressors {
  const own = (bytes: Buffer) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const atMost = (length: number) => ({ maxOutputLength: Math.max(1, length) });
  return {
    GZIP: (bytes, length) => own(gunzipSync(bytes, atMost(length))),
    BROTLI: (bytes, length) => own(brotliDecompressSync(bytes, atMost(length))),
    ZSTD: (bytes, length) => zstd(bytes, new Uint8Array(length)),
  };
}

/** Ranges that lie beside each other as one. */
function joined(ranges: readonly { readonly start: number; readonly end: number }[]) {
  const result: { start: number; end: number }[] = [];
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && start <= last.end + smallGap) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}

function count(value: bigint | number | undefined, of: string): number {
  const number = Number(value ?? -1);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`corrupt parquet: it has ${value} ${of}`);
}
