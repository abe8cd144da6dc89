import type { OpenSource } from '@cnnzoo/files';

/** The bytes of a file, from its start to its end. */
export interface ByteReader {
  /** For messages. */
  readonly name: string;
  /** Undefined where it is known at the end only. */
  readonly size: number | undefined;
  /** Of the byte that comes next. */
  readonly position: number;
  /** The bytes that come next; fewer than `length` only at the end. They are the caller's own. */
  read(length: number): Promise<Uint8Array>;
  /** Leaves bytes out. @returns how many: fewer than `length` only at the end, where that is known */
  skip(length: number): Promise<number>;
}

/** Reads a file that gives any range: what is left out is not read. */
export function sourceReader(source: OpenSource): ByteReader {
  let position = 0;
  const left = (length: number) => Math.min(length, Math.max(0, source.size - position));
  return {
    name: source.name,
    size: source.size,
    get position() {
      return position;
    },
    async read(length) {
      const count = left(length);
      const bytes = count === 0 ? new Uint8Array(0) : await source.read(position, count);
      position += count;
      return source.shared ? new Uint8Array(bytes) : bytes;
    },
    async skip(length) {
      const count = left(length);
      position += count;
      return count;
    },
  };
}

/** Reads bytes that come one after the other, such as those of a connection or of an unpacked file. */
export function streamReader(
  name: string,
  size: number | undefined,
  stream: AsyncIterator<Uint8Array, unknown>,
): ByteReader {
  let position = 0;
  let rest = new Uint8Array(0);
  /** Gives up to `length` bytes to `use`, part by part. */
  async function consume(length: number, use: (part: Uint8Array, at: number) => void): Promise<number> {
    let done = 0;
    while (done < length) {
      if (rest.length === 0) {
        const next = await stream.next();
        if (next.done) break;
        rest = next.value as Uint8Array<ArrayBuffer>;
      }
      const part = rest.subarray(0, length - done);
      use(part, done);
      done += part.length;
      rest = rest.subarray(part.length);
    }
    position += done;
    return done;
  }
  return {
    name,
    size,
    get position() {
      return position;
    },
    async read(length) {
      const bytes = new Uint8Array(length);
      const done = await consume(length, (part, at) => bytes.set(part, at));
      return done === length ? bytes : bytes.slice(0, done);
    },
    skip: (length) => consume(length, () => {}),
  };
}
