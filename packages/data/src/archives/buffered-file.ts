import type { FileHandle } from 'node:fs/promises';

/** Reads of an archive's directory are many and small: one read of a chunk answers for hundreds. */
const chunkBytes = 64 * 2 ** 10;

/** Reads a file in chunks, each of which answers for the small reads that follow nearby. */
export class BufferedFile {
  readonly #file: FileHandle;
  #chunk = Buffer.alloc(0);
  #chunkStart = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * `length` bytes from `position` on, good until the next read.
   * @throws Error where the file ends before
   */
  async read(position: number, length: number): Promise<Buffer> {
    if (position < this.#chunkStart || position + length > this.#chunkStart + this.#chunk.length) {
      const chunk = Buffer.alloc(Math.max(length, chunkBytes));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, position);
      this.#chunk = chunk.subarray(0, bytesRead);
      this.#chunkStart = position;
      if (bytesRead < length) throw new Error(`it ends ${length - bytesRead} bytes too early`);
    }
    const start = position - this.#chunkStart;
    return this.#chunk.subarray(start, start + length);
  }
}
