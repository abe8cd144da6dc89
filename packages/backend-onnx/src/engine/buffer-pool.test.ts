import { expect, it } from 'vitest';
import { BufferPool } from './buffer-pool.js';

it('gives a buffer of the same size again, for any type', () => {
  const pool = new BufferPool();
  const first = pool.take('float32', 4);
  pool.give(first);
  expect(pool.bytes).toBe(16);
  const second = pool.take('int32', 4);
  expect(second).toBeInstanceOf(Int32Array);
  expect(second.buffer).toBe(first.buffer);
  expect(pool.bytes).toBe(0);
  expect(pool.take('int32', 4).buffer).not.toBe(first.buffer);
});

it('has buffers for no elements and for single bytes', () => {
  const pool = new BufferPool();
  expect(pool.take('float32', 0)).toHaveLength(0);
  expect(pool.take('bool', 3)).toEqual(new Uint8Array(3));
});

it('lets go of what nobody has wanted for a while', () => {
  const pool = new BufferPool();
  pool.give(pool.take('float32', 100));
  for (let flush = 0; flush < 20; flush++) pool.endFlush();
  expect(pool.bytes).toBe(0);
});
