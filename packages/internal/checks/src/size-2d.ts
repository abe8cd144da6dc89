import { integer } from './numbers.js';
import { type Rule, rule } from './rule.js';

/** One integer for height and width, or one for each. */
export type Size2d = number | readonly [height: number, width: number];

/** One integer of at least `minimum`, or two: [height, width]; or one of some words, such as 'same'. */
/* @__NO_SIDE_EFFECTS__ */
export function size2d<const Word extends string = never>(
  minimum: number,
  ...words: readonly Word[]
): Rule<Size2d | Word> {
  const { expected, fault } = integer(minimum);
  return rule<Size2d | Word>(
    [`${expected}, or two: [height, width]`, ...words.map((word) => `'${word}'`)].join(' or '),
    (value) => typeof value !== 'object' || (Array.isArray(value) && value.length === 2),
    (value) => words.includes(value as Word) || [value].flat().every((each) => !fault('', each)),
  );
}

/** Height and width of a size. */
export function sizePair(size: Size2d): [height: number, width: number] {
  return typeof size === 'number' ? [size, size] : [...size];
}
