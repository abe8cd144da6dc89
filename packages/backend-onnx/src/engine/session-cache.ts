/** Compiled graphs by structure, the least recently used one dropped where there are too many. */
import type { GraphSession } from './graph-session.js';

export interface CachedSession {
  readonly session: GraphSession;
}

export class SessionCache {
  private readonly sessions = new Map<string, CachedSession>();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.sessions.size;
  }

  get(key: string): CachedSession | undefined {
    const found = this.sessions.get(key);
    if (found) {
      // A Map keeps the order of insertion: the first is the one not used for longest.
      this.sessions.delete(key);
      this.sessions.set(key, found);
    }
    return found;
  }

  set(key: string, session: CachedSession): void {
    this.sessions.set(key, session);
    for (const [oldest, { session: dropped }] of this.sessions) {
      if (this.sessions.size <= this.capacity) break;
      this.sessions.delete(oldest);
      dropped.dispose();
    }
  }

  clear(): void {
    for (const { session } of this.sessions.values()) session.dispose();
    this.sessions.clear();
  }
}
