/** Copies of values in shared memory, from which replicas read: one copy for all of them, made when the first one needs it. */
import { BufferPool } from '../engine/buffer-pool.js';
import type { Elements, ElementType } from '../graph/layout.js';
import type { Value } from '../graph/node.js';

export interface SharedCopy {
  /** Another number for each value: a replica that has a number's values already needs no copy. */
  readonly version: number;
  readonly data: Elements;
}

export class SharedValues {
  readonly #copies = new WeakMap<Value, SharedCopy>();
  readonly #pool = new BufferPool((bytes) => new SharedArrayBuffer(bytes));
  /** Copies of values that are gone, which a replica may still be reading. */
  #retired: Elements[] = [];
  #version = 0;

  of(value: Value, type: ElementType): SharedCopy {
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    if (Array.isArray(value.data)) throw new Error('strings have no place in shared memory');
    const data = this.#pool.take(type, value.data.length);
    data.set(value.data);
    const copy = { version: this.#version++, data };
    this.#copies.set(value, copy);
    return copy;
  }

  /** The value is gone. */
  release(value: Value): void {
    const copy = this.#copies.get(value);
    if (copy === undefined) return;
    this.#copies.delete(value);
    this.#retired.push(copy.data);
  }

  /** No replica is at work: copies of values that are gone may be written to again. */
  endStep(): void {
    for (const data of this.#retired) this.#pool.give(data);
    this.#retired = [];
    this.#pool.endFlush();
  }
}
