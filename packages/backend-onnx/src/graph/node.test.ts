import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Attributes } from './kind.js';
import { constant, lazyNode, leafKindOf } from './node.js';
import type { Operation } from './operation.js';

const operation = (name: string): Operation<Attributes> => ({ name, emit: () => undefined });
const kind = (name: string, shape: readonly number[], attributes: Attributes, dtype: 'float32' | 'int32' = 'float32') =>
  lazyNode(operation(name), [], shape, dtype, attributes).kind;

it('a kind is operation, type, shape and attributes, and nothing else', () => {
  const plainObjects = { noNullPrototype: true };
  const number = fc.constantFrom(0, -0, 1, 2, 31, 0.5, Number.NaN, Infinity);
  const value = fc.oneof(
    number,
    fc.constantFrom('a', 'b', 'ab', ''),
    fc.boolean(),
    fc.constant(null),
    fc.array(number),
  );
  const node = fc.record(
    {
      name: fc.constantFrom('Add', 'Sub'),
      dtype: fc.constantFrom('float32' as const, 'int32' as const),
      shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
      attributes: fc.oneof(fc.record({ a: value, b: value }, plainObjects), fc.record({ a: value }, plainObjects)),
    },
    plainObjects,
  );
  fc.assert(
    fc.property(node, node, (a, b) => {
      const [left, right] = [a, b].map(({ name, shape, attributes, dtype }) => kind(name, shape, attributes, dtype));
      // Tells -0 from 0, as kinds do.
      expect(left === right).toBe(isDeepStrictEqual(a, b));
      expect(kind(a.name, [...a.shape], structuredClone(a.attributes), a.dtype)).toBe(left);
    }),
    { numRuns: 2_000 },
  );
});

it('a list that is written to later does not change what was recorded', () => {
  const [shape, perm] = [
    [2, 3],
    [0, 1],
  ];
  const before = kind('Transpose', shape, { perm });
  shape[0] = 7;
  perm.reverse();
  expect(kind('Transpose', [2, 3], { perm: [0, 1] })).toBe(before);
  expect(kind('Transpose', shape, { perm })).not.toBe(before);
});

it('a value is the same to a graph whatever has made it', () => {
  const value = { data: new Float32Array(6), layout: 'plain' as const, pooled: false, users: 1 };
  const made = lazyNode(operation('Add'), [], [2, 3], 'float32', {});
  expect(leafKindOf(made)).toBe(leafKindOf(constant(value, [2, 3], 'float32')));
  expect(leafKindOf(made)).not.toBe(leafKindOf(constant(value, [3, 2], 'float32')));
  expect(leafKindOf(made)).not.toBe(leafKindOf(constant(value, [2, 3], 'int32')));
});
