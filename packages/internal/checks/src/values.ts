import { faultOf, type Rule, rule } from './rule.js';
import { shown } from './shown.js';

/** One of a few values. */
/* @__NO_SIDE_EFFECTS__ */
export function oneOf<const T extends string | number | boolean | null>(allowed: readonly T[]): Rule<T> {
  return rule<T>(
    `${allowed.length === 1 ? '' : 'one of '}${allowed.map((each) => shown(each)).join(', ')}`,
    (value) => allowed.some((each) => typeof each === typeof value),
    (value) => allowed.includes(value),
  );
}

/** True or false. */
export const boolean: Rule<boolean> = /* @__PURE__ */ rule<boolean>(
  'true or false',
  (value) => typeof value === 'boolean',
);

/** A string with at least one character. @param expected what it says, such as 'the path of a file' */
/* @__NO_SIDE_EFFECTS__ */
export function string(expected = 'a string that is not empty'): Rule<string> {
  return rule<string>(
    expected,
    (value) => typeof value === 'string',
    (value) => value !== '',
  );
}

/** Any string. */
export const text: Rule<string> = /* @__PURE__ */ rule<string>('a string', (value) => typeof value === 'string');

/** A function. @param expected what it does, such as 'a function of the epoch' */
/* @__NO_SIDE_EFFECTS__ */
// biome-ignore lint/complexity/noBannedTypes: any function, whose type the caller says
export function callable<F extends Function>(expected = 'a function'): Rule<F> {
  return rule<F>(expected, (value) => typeof value === 'function');
}

/** An AbortSignal, of this realm or another. */
export const abortSignal: Rule<AbortSignal> = /* @__PURE__ */ rule<AbortSignal>('an AbortSignal', (value) => {
  const signal = value as Partial<AbortSignal> | null | undefined;
  return typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function';
});

/** An array whose elements follow a rule. @param shortest the smallest number of elements */
/* @__NO_SIDE_EFFECTS__ */
export function listOf<T>(element: Rule<T>, shortest = 0): Rule<readonly T[]> {
  const expected = `an array${shortest === 0 ? '' : ` of at least ${shortest}`}, each ${element.expected}`;
  return {
    expected,
    fault(name, value) {
      if (!Array.isArray(value)) return faultOf(TypeError, name, expected, value);
      if (value.length < shortest) return faultOf(RangeError, name, expected, value);
      for (let i = 0; i < value.length; i++) {
        const fault = element.fault(`${name}[${i}]`, value[i]);
        if (fault !== null) return fault;
      }
      return null;
    },
  };
}
