/** Headers of pages, written by hand: what one leaves out. */
import { expect, test } from 'vitest';
import { checkPages } from './pages.js';

type Fields = Readonly<Record<number, number | { readonly [field: number]: number }>>;

/** A struct of thrift's compact protocol, of small numbers and structs of them. */
function thrift(fields: Fields): number[] {
  let last = 0;
  const written = Object.entries(fields).flatMap(([name, value]) => {
    const delta = Number(name) - last;
    last = Number(name);
    return typeof value === 'number' ? [(delta << 4) | 5, 2 * value] : [(delta << 4) | 12, ...thrift(value)];
  });
  return [...written, 0];
}

const page = { 1: 3, 2: 20, 3: 20 };
const first = { 1: 5, 2: 0, 3: 3, 4: 3 };
const second = { 1: 5, 2: 0, 3: 5, 4: 0, 5: 2, 6: 0 };
const dictionary = { 1: 2, 2: 0 };

const check = (...headers: Fields[]) =>
  checkPages(new Uint8Array(headers.flatMap((header) => [...thrift(header), ...new Array<number>(20).fill(0)])), {
    rows: 5,
    unpacked: 20 * headers.length,
  });

const without = <T extends object>(fields: T, field: number): T =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => Number(name) !== field)) as T;

test('whole headers are taken', () => {
  expect(() => check({ ...page, 5: first })).not.toThrow();
  expect(() => check({ ...page, 8: second })).not.toThrow();
  expect(() => check({ ...page, 7: dictionary }, { ...page, 8: second })).not.toThrow();
});

/** hyparquet would read on at a place that is no number, for ever. */
test.each([
  ['its size when unpacked', { ...without(page, 2), 8: second }],
  ['its size', { ...without(page, 3), 8: second }],
  ['the values of a page of version 1', { ...page, 5: without(first, 1) }],
  ['the values of a dictionary', { ...page, 7: without(dictionary, 1) }],
  ['the values of a page of version 2', { ...page, 8: without(second, 1) }],
  ['the nulls of a page of version 2', { ...page, 8: without(second, 2) }],
  ['the rows of a page of version 2', { ...page, 8: without(second, 3) }],
  ['the size of its definition levels', { ...page, 8: without(second, 5) }],
  ['the size of its repetition levels', { ...page, 8: without(second, 6) }],
])('a header without %s is refused', (_, header) => {
  expect(() => check(header)).toThrow('corrupt parquet: a page without its sizes');
});
