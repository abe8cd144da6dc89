import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { SessionCache } from './session-cache.js';

function session(bytes: number) {
  return { session: { run: vi.fn(), start: null, dispose: vi.fn() }, bytes };
}

it('keeps what fits, drops what was not used for longest, and disposes it', () => {
  const cache = new SessionCache(1000);
  const made = Array.from({ length: 40 }, () => session(25));
  made.forEach((each, i) => {
    cache.set(String(i), each);
  });
  expect([cache.size, cache.bytes]).toEqual([40, 1000]);
  expect(cache.get('0')).toBe(made[0]);
  cache.set('large', session(500));
  expect([cache.size, cache.bytes]).toEqual([21, 1000]);
  expect(made[1]?.session.dispose).toHaveBeenCalledOnce();
  expect(cache.get('0')).toBe(made[0]);
  expect(cache.get('1')).toBeUndefined();
  cache.clear();
  expect(made[0]?.session.dispose).toHaveBeenCalledOnce();
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
});

it('keeps the last eight however large they are, and never more than its bytes otherwise', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 60 }), (sizes) => {
      const cache = new SessionCache(1000);
      const made = sizes.map(session);
      made.forEach((each, i) => {
        cache.set(String(i), each);
        expect(cache.size <= 8 || cache.bytes <= 1000).toBe(true);
      });
      const kept = made.filter(({ session: { dispose } }) => dispose.mock.calls.length === 0);
      expect(kept).toEqual(made.slice(made.length - kept.length));
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(8, made.length));
    }),
  );
});
