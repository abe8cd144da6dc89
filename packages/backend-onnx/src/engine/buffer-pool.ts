/**
 * Buffers that results are written to, used again and again: a training step then allocates nothing. Fresh memory for every
 * weight in every step would cost page faults and leave the garbage collector to notice hundreds of megabytes.
 */
import type { Elements, ElementType } from '../graph/layout.js';

interface Free {
  readonly buffer: ArrayBufferLike;
  /** The flush after which the buffer was given back. */
  readonly since: number;
}

/** A buffer that nobody has wanted for this many flushes is left to the garbage collector. */
const keepFor = 8;

export function viewOf(buffer: ArrayBufferLike, dtype: ElementType, size: number): Elements {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, 0, size);
    case 'int32':
      return new Int32Array(buffer, 0, size);
    case 'bool':
      return new Uint8Array(buffer, 0, size);
  }
}

export class BufferPool {
  readonly #free = new Map<number, Free[]>();
  readonly #allocate: (bytes: number) => ArrayBufferLike;
  #flush = 0;
  /** Bytes that wait to be used again. */
  bytes = 0;

  /** @param allocate makes a buffer of so many bytes. Default: in this thread's own memory */
  constructor(allocate: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes)) {
    this.#allocate = allocate;
  }

  /** A buffer for `size` elements, its content undefined. */
  take(dtype: ElementType, size: number): Elements {
    const bytes = Math.max(size * (dtype === 'bool' ? 1 : 4), 1);
    const found = this.#free.get(bytes)?.pop();
    if (found) this.bytes -= bytes;
    return viewOf(found?.buffer ?? this.#allocate(bytes), dtype, size);
  }

  /** Takes back a buffer that `take` has given and that nobody will look at any more. */
  give(data: Elements): void {
    const { buffer } = data;
    const list = this.#free.get(buffer.byteLength);
    if (list) list.push({ buffer, since: this.#flush });
    else this.#free.set(buffer.byteLength, [{ buffer, since: this.#flush }]);
    this.bytes += buffer.byteLength;
  }

  /** Ends a flush: lets go of what has not been wanted for a while. */
  endFlush(): void {
    this.#flush++;
    for (const [bytes, list] of this.#free) {
      const kept = list.filter(({ since }) => this.#flush - since <= keepFor);
      this.bytes -= (list.length - kept.length) * bytes;
      if (kept.length === 0) this.#free.delete(bytes);
      else if (kept.length < list.length) this.#free.set(bytes, kept);
    }
  }

  /** Lets go of everything. */
  clear(): void {
    this.#free.clear();
    this.bytes = 0;
  }
}
