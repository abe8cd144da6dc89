import { shown } from './shown.js';

/** What an argument must be. */
export interface Rule<T> {
  /** What a value must be, as a sentence says it after "must be": 'an integer of at least 1'. */
  readonly expected: string;
  /** The error that names the argument, what it must be and what it is; null where the value is right. */
  readonly fault: (name: string, value: unknown) => Error | null;
  /** Never there. It makes the type invariant: a rule for a number is none for a number or a string, nor the other way round. */
  readonly typed?: (value: T) => T;
  readonly optional?: false;
}

/** A rule for an option that may be left out. */
export interface OptionalRule<T> extends Omit<Rule<T>, 'optional'> {
  readonly optional: true;
}

/**
 * A rule of two questions: a TypeError where a value does not have the type, a RangeError where it has, but is not allowed.
 * @param expected what a value must be, as a sentence says it after "must be"
 */
/* @__NO_SIDE_EFFECTS__ */
export function rule<T>(
  expected: string,
  hasType: (value: unknown) => boolean,
  isAllowed: (value: T) => boolean = () => true,
): Rule<T> {
  return {
    expected,
    fault(name, value) {
      if (hasType(value) && isAllowed(value as T)) return null;
      const message = mustBe(name, expected, value);
      return hasType(value) ? new RangeError(message) : new TypeError(message);
    },
  };
}

/** The sentence of every error about an argument. */
export function mustBe(name: string, expected: string, value: unknown): string {
  return `${name} must be ${expected}, got ${shown(value)}`;
}

/**
 * Returns an argument that follows a rule.
 * @throws TypeError or RangeError where it does not: `name must be …, got …`
 */
export function check<T>(name: string, value: unknown, { fault }: Rule<T> | OptionalRule<T>): T {
  const error = fault(name, value);
  if (error !== null) throw error;
  return value as T;
}

/** A rule that several kinds of values follow: a value must follow one of the rules. */
/* @__NO_SIDE_EFFECTS__ */
export function either<T extends readonly unknown[]>(
  ...rules: { readonly [K in keyof T]: Rule<T[K]> }
): Rule<T[number]> {
  const expected = rules.map((each) => each.expected).join(' or ');
  return {
    expected,
    fault(name, value) {
      const faults = rules.map((each) => each.fault(name, value));
      if (faults.includes(null)) return null;
      const message = mustBe(name, expected, value);
      return faults.some((fault) => fault instanceof RangeError) ? new RangeError(message) : new TypeError(message);
    },
  };
}

/** The same rule for an option that may be left out. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<T>({ expected, fault }: Rule<T>): OptionalRule<T> {
  return { expected, fault: (name, value) => (value === undefined ? null : fault(name, value)), optional: true };
}
