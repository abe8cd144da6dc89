/** Compiled graphs by structure, the least recently used ones dropped where they take too much memory. */
import type { GraphSession } from './graph-session.js';

export interface CachedSession {
  readonly session: GraphSession;
  /** Memory that it takes, as far as is known. */
  readonly bytes: number;
}

/** So many are kept whatever they take: a training step and a prediction that are both large are not to compile in turns. */
const fewest = 8;

export class SessionCache {
  readonly #sessions = new Map<string, CachedSession>();
  #taken = 0;

  readonly #capacity: number;

  /** @param capacity bytes */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get bytes(): number {
    return this.#taken;
  }

  get(key: string): CachedSession | undefined {
    const found = this.#sessions.get(key);
    if (found) {
      // A Map keeps the order of insertion: the first is the one not used for longest.
      this.#sessions.delete(key);
      this.#sessions.set(key, found);
    }
    return found;
  }

  set(key: string, session: CachedSession): void {
    this.#sessions.set(key, session);
    this.#taken += session.bytes;
    for (const [oldest, dropped] of this.#sessions) {
      if (this.#taken <= this.#capacity || this.#sessions.size <= fewest) break;
      this.#sessions.delete(oldest);
      this.#taken -= dropped.bytes;
      dropped.session.dispose();
    }
  }

  clear(): void {
    for (const { session } of this.#sessions.values()) session.dispose();
    this.#sessions.clear();
    this.#taken = 0;
  }
}
