import type { ReadLimits } from '@cnnzoo/files';
import type { ByteReader } from '../archives/byte-reader.js';
import { tarEntries } from '../archives/tar-entries.js';

/** A file of a sample. */
export interface Member {
  readonly path: string;
  /** Of its first byte in the unpacked shard. */
  readonly offset: number;
  readonly size: number;
  /** Where it was asked for. */
  readonly bytes?: Uint8Array;
}

/** Files of a shard that come after each other and have a key in common. */
export interface TarSample {
  readonly key: string;
  /** By what comes after the first dot of their base name, in lower case. */
  readonly members: ReadonlyMap<string, Member>;
  /** What makes it no sample. */
  readonly problem?: string;
}

/** Python's `.` and `[^/]` differ at line ends, as here. */
const keyAndExtension = /^((?:[^\n]*\/|)[^.]+)[.]([^/]*)$/;
/** Whether a file says something of the shard, and is in no sample. */
export function isMeta(path: string): boolean {
  return /^__[^/]*__($|\n$|\/)/.test(path);
}

/**
 * The samples of a shard, grouped as Python's webdataset does: a key is the path up to the first dot of the base name, and files of one key are a
 * sample where they come after each other.
 * @param read whether the bytes of a member are wanted; `place` counts the shard's samples
 */
export async function* tarSamples(
  reader: ByteReader,
  limits: ReadLimits | undefined,
  read: (place: number, extension: string, size: number) => boolean,
): AsyncGenerator<TarSample, void, undefined> {
  let place = -1;
  let current: { key: string; members: Map<string, Member>; problem?: string } | undefined;
  for await (const entry of tarEntries(reader, entriesBudget(reader, limits))) {
    const { path, kind, offset, size } = entry;
    if (kind !== 'file' || isMeta(path)) continue;
    const [, key, written] = keyAndExtension.exec(path) ?? [];
    if (key === undefined || written === undefined) continue;
    const extension = written.toLowerCase();
    if (current?.key !== key) {
      if (current !== undefined) yield current;
      current = { key, members: new Map() };
      place++;
    }
    if (current.members.has(extension)) current.problem ??= `it has two files that end in .${extension}: '${path}'`;
    else
      current.members.set(extension, {
        path,
        offset,
        size,
        ...(read(place, extension, size) && { bytes: await entry.read() }),
      });
  }
  if (current !== undefined) yield current;
}

/** Entries without content cost 512 bytes each, which gzip packs to nothing: so many bytes must have been read for each. */
const bytesPerEntry = 1024;
const freeEntries = 2 ** 17;

function entriesBudget(reader: ByteReader, limits: ReadLimits | undefined) {
  let used = 0;
  return {
    entries(count: number): void {
      used += count;
      const limit = limits?.entries ?? freeEntries + reader.position / bytesPerEntry;
      if (used > limit)
        throw new RangeError(
          `it has ${used} entries or more in ${reader.position} bytes; for a file that you trust, raise limits.entries`,
        );
    },
  };
}
