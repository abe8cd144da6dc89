import { expect, it, vi } from 'vitest';
import { SessionCache } from './session-cache.js';

function session() {
  return { session: { run: vi.fn(), dispose: vi.fn() }, inputs: [], outputs: [] };
}

it('drops the session that was not used for longest, and disposes it', () => {
  const cache = new SessionCache(2);
  const [a, b, c] = [session(), session(), session()];
  cache.set('a', a);
  cache.set('b', b);
  expect(cache.get('a')).toBe(a);
  cache.set('c', c);
  expect(cache.size).toBe(2);
  expect(b.session.dispose).toHaveBeenCalledOnce();
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([a, undefined, c]);
  cache.clear();
  expect(a.session.dispose).toHaveBeenCalledOnce();
  expect(c.session.dispose).toHaveBeenCalledOnce();
  expect(cache.size).toBe(0);
});
