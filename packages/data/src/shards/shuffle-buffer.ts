import type { RandomGenerator } from '@cnnzoo/transforms';

/** Samples that are read before the first is drawn, as webdataset's `shuffle`. */
const initial = 100;

/**
 * The order in which the samples of a stream leave a buffer that shuffles them: webdataset's `shuffle`. It counts only, so that any place of the
 * order is found without reading a sample.
 */
export class ShuffleBuffer {
  readonly #held: number[] = [];
  #entered = 0;
  readonly #length: number;
  readonly #size: number;
  readonly #random: RandomGenerator;

  /**
   * @param length samples of the stream
   * @param size samples that the buffer holds; 1 keeps the stream's order
   */
  constructor(length: number, size: number, random: RandomGenerator) {
    this.#length = length;
    this.#size = size;
    this.#random = random;
  }

  /** Samples that have entered the buffer and not left it. */
  get held(): readonly number[] {
    return this.#held;
  }

  /** How many samples have entered the buffer. */
  get entered(): number {
    return this.#entered;
  }

  /** The place in the stream of the sample that leaves the buffer next; undefined at the end. */
  next(): number | undefined {
    while (this.#entered < this.#length) {
      this.#held.push(this.#entered++);
      if (this.#held.length < this.#size && this.#entered < this.#length) this.#held.push(this.#entered++);
      if (this.#held.length >= Math.min(initial, this.#size)) return this.#draw();
    }
    return this.#held.length === 0 ? undefined : this.#draw();
  }

  #draw(): number {
    const place = this.#held.length === 1 ? 0 : this.#random.integer(0, this.#held.length);
    const drawn = this.#held[place] ?? 0;
    const last = this.#held.pop() ?? 0;
    if (place < this.#held.length) this.#held[place] = last;
    return drawn;
  }
}
