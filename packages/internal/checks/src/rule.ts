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
    fault: (name, value) => {
      const typed = hasType(value);
      return typed && isAllowed(value as T) ? null : faultOf(typed ? RangeError : TypeError, name, expected, value);
    },
  };
}

/** The error of every argument. */
export function faultOf(type: new (message: string) => Error, name: string, expected: string, value: unknown): Error {
  return new type(`${name} must be ${expected}, got ${shown(value)}`);
}

/**
 * Returns an argument that follows a rule.
 * @throws TypeError or RangeError where it does not: `name must be …, got …`
 */
export function check<T>(name: string, value: unknown, { fault }: Rule<T> | OptionalRule<T>): T {
  const error = fault(name, value);
  if (error) throw error;
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
    fault: (name, value) => {
      const faults = rules.map(({ fault }) => fault(name, value));
      if (faults.includes(null)) return null;
      return faultOf(faults.some((each) => each instanceof RangeError) ? RangeError : TypeError, name, expected, value);
    },
  };
}

/** The same rule for an option that may be left out. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<T>({ expected, fault }: Rule<T>): OptionalRule<T> {
  return { expected, fault: (name, value) => (value === undefined ? null : fault(name, value)), optional: true };
}

/** A rule for a value that the function itself checks, with more to say than what it must be. */
/* @__NO_SIDE_EFFECTS__ */
export function checkedLater<T>(): Rule<T> {
  return { expected: 'as said', fault: () => null };
}

/** A rule for a value that may be null. */
/* @__NO_SIDE_EFFECTS__ */
export function nullOr<T>({ expected, fault }: Rule<T>): Rule<T | null> {
  const whole = `null or ${expected}`;
  return { expected: whole, fault: (name, value) => (value === null ? null : fault(name, value)) };
}
