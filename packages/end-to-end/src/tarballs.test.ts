import { expect, inject, test } from 'vitest';

test('x', () => {
  console.log(inject('packages'), inject('previousVersion'));
  expect(1).toBe(1);
});
