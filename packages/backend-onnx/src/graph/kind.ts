/** Kinds: a number for each operation with its attributes, shape and dtype, so that equal graphs are found by comparing numbers. */
import type { DataType } from '@tensorflow/tfjs-core';

/** An operation's settings (stride, axis, …). Keys must always come in the same order, because values are compared by position. */
export type Attributes = { readonly [name: string]: number | string | boolean | null | readonly number[] };

interface Kind {
  readonly number: number;
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Values of the attributes, in the order that the operation gives them in. */
  readonly values: readonly Attributes[string][];
}

/**
 * By hash. Each node is looked up when it is recorded: numbers are compared, because making a text of them takes longer. All backends of
 * the process share the kinds, and none is ever let go, because compiled graphs know them by their numbers: there is one, of some
 * hundred bytes, for each operation on each shape that the process has recorded.
 */
const kinds = new Map<number, Kind[]>();
let kindCount = 0;

/**
 * The last kinds in the order of their look-ups, whoever asked. A model asks for the same ones again, from the first on; a wrong guess,
 * as where calls of two models alternate, takes a look-up by hash.
 */
const sequence: Kind[] = [];
const sequenceLength = 4096;
let position = 0;

function hashOf(name: string, dtype: DataType, shape: readonly number[], attributes: Attributes): number {
  let hash = name.length * 31 + dtype.length;
  for (const extent of shape) hash = (hash * 31 + extent) | 0;
  for (const key in attributes) {
    const value = attributes[key];
    if (typeof value === 'number') hash = (hash * 31 + value) | 0;
    else if (typeof value === 'string') hash = (hash * 31 + value.length) | 0;
    else if (typeof value === 'object' && value !== null) for (const each of value) hash = (hash * 31 + each) | 0;
  }
  return hash;
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function isOfKind(
  kind: Kind,
  name: string,
  dtype: DataType,
  shape: readonly number[],
  attributes: Attributes,
): boolean {
  if (kind.name !== name || kind.dtype !== dtype || !sameNumbers(kind.shape, shape)) return false;
  const { values } = kind;
  let count = 0;
  for (const key in attributes) {
    const left = values[count++];
    const right = attributes[key];
    const bothLists = typeof left === 'object' && left !== null && typeof right === 'object' && right !== null;
    if (bothLists ? !sameNumbers(left, right) : !Object.is(left, right)) return false;
  }
  return count === values.length;
}

function findKind(name: string, dtype: DataType, shape: readonly number[], attributes: Attributes): Kind {
  const hash = hashOf(name, dtype, shape, attributes);
  const alike = kinds.get(hash);
  if (alike !== undefined) for (const kind of alike) if (isOfKind(kind, name, dtype, shape, attributes)) return kind;
  // Copies: lists may be the user's own, who may write to them.
  const kind = {
    number: kindCount++,
    name,
    dtype,
    shape: [...shape],
    values: structuredClone(Object.values(attributes)),
  };
  if (alike !== undefined) alike.push(kind);
  else kinds.set(hash, [kind]);
  return kind;
}

/** The number of a kind; equal kinds have equal numbers. */
export function kindOf(name: string, dtype: DataType, shape: readonly number[], attributes: Attributes): number {
  for (const place of [position, 0]) {
    const guess = sequence[place];
    if (guess === undefined || !isOfKind(guess, name, dtype, shape, attributes)) continue;
    position = place + 1;
    return guess.number;
  }
  const kind = findKind(name, dtype, shape, attributes);
  if (position >= sequenceLength) position = 0;
  sequence[position++] = kind;
  return kind.number;
}
