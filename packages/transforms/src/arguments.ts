/** Rules for arguments that several transforms take. */
import { either, faultOf, listOf, number, positive, type Rule, rule } from '@cnnzoo/checks';

/** A number, or two. */
type Pair = readonly [number, number];

/** From 0 to 1. */
export const probabilityRule: Rule<number> = /* @__PURE__ */ number(0, 1);

/** Two numbers, each of which follows a rule. @param expected what they say, such as 'two numbers [x, y]' */
/* @__NO_SIDE_EFFECTS__ */
export function pair(expected: string, each: Rule<number> = number()): Rule<Pair> {
  return rule<Pair>(
    `${expected}, each ${each.expected}`,
    (value) => Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'number'),
    (value) => value.every((part) => each.fault('', part) === null),
  );
}

/** A range: two numbers, the first not above the second. */
/* @__NO_SIDE_EFFECTS__ */
export function range(each: Rule<number> = number()): Rule<Pair> {
  const { expected, fault } = pair('a pair [lowest, highest]', each);
  return rule<Pair>(
    expected,
    (value) => !(fault('', value) instanceof TypeError),
    (value) => fault('', value) === null && value[0] <= value[1],
  );
}

/** How far something may go: a number v stands for [-v, v], a pair for itself. */
export const spreadRule: Rule<number | Pair> = /* @__PURE__ */ either<[number, Pair]>(
  /* @__PURE__ */ number(0),
  /* @__PURE__ */ range(),
);

/** A range of factors or of ratios. */
export const positiveRange: Rule<Pair> = /* @__PURE__ */ range(positive);

/** A range of shares of a whole. */
export const shareRange: Rule<Pair> = /* @__PURE__ */ range(/* @__PURE__ */ number(0, 1));

/** A number for each channel of an image. */
export const numbersRule: Rule<readonly number[]> = /* @__PURE__ */ listOf(/* @__PURE__ */ number(), 1);

/** An object whose fields follow rules. It may have others, too: what a random transform drew also says which transform it was. */
/* @__NO_SIDE_EFFECTS__ */
export function fields<T extends object>(rules: { readonly [Name in keyof T]: Rule<T[Name]> }): Rule<T> {
  const entries = Object.entries<Pick<Rule<unknown>, 'fault'>>(rules);
  const expected = `an object with ${Object.keys(rules).join(', ')}`;
  return {
    expected,
    fault(name, value) {
      if (typeof value !== 'object' || value === null) return faultOf(TypeError, name, expected, value);
      for (const [key, { fault }] of entries) {
        const error = fault(`${name}.${key}`, (value as Readonly<Record<string, unknown>>)[key]);
        if (error !== null) return error;
      }
      return null;
    },
  };
}
