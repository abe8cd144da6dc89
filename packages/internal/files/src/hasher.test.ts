import { randomBytes } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { hasher } from './hasher.js';

afterEach(() => vi.unstubAllGlobals());

test.each(['sha256', 'md5'] as const)(
  '%s is the same in a page as in Node, in parts of any size',
  async (algorithm) => {
    for (const sizes of [[], [0], [1, 63, 64, 65], [1000, 3, 100_000]]) {
      const parts = sizes.map((size) => new Uint8Array(randomBytes(size)));
      const digest = async () => {
        const hash = await hasher(algorithm);
        for (const part of parts) hash.update(part);
        return hash.digest();
      };
      const inNode = await digest();
      vi.stubGlobal('process', { ...process, versions: {} });
      const inPage = await digest();
      vi.unstubAllGlobals();
      expect(inPage).toBe(inNode);
    }
  },
);
