import { nearestNames } from './nearest-names.js';
import { faultOf, type OptionalRule, type Rule } from './rule.js';
import { shown } from './shown.js';

/**
 * One rule for each option of an interface: the compiler refuses a description in which an option is missing, has another type,
 * or is required where the interface lets one leave it out, and the other way round.
 */
export type OptionRules<Options> = {
  readonly [Name in keyof Options]-?: undefined extends Options[Name]
    ? OptionalRule<Exclude<Options[Name], undefined>>
    : Record<never, never> extends Pick<Options, Name>
      ? OptionalRule<Options[Name]>
      : Rule<Options[Name]>;
};

/**
 * Returns an options object that follows its rules. An option that may be left out may be undefined, too.
 * @param subject whose options they are, as `train` or `crossEntropy`
 * @throws TypeError for what is no object, an unknown option (with the nearest known one) or a value of the wrong type; RangeError for
 *   a value out of range
 */
export function checkOptions<Options extends object>(
  subject: string,
  given: unknown,
  rules: OptionRules<Options>,
): Options {
  const fault = unknownOption(subject, given, rules) ?? wrongOption(subject, given, rules);
  if (fault) throw fault;
  return given as Options;
}

/** The same for a handful of options: the error for an unknown one lists them, which takes less code than finding the nearest. */
export function checkFewOptions<Options extends object>(
  subject: string,
  given: unknown,
  rules: OptionRules<Options>,
): Options {
  const fault = wrongOption(subject, given, rules);
  if (fault) throw fault;
  return given as Options;
}

/** A rule for an option that is itself an object with options. @param rules those of the object */
/* @__NO_SIDE_EFFECTS__ */
export function record<Options extends object>(rules: OptionRules<Options>): Rule<Options> {
  const expected = `an object with ${Object.keys(rules).join(', ')}`;
  return {
    expected,
    fault: (name, value) =>
      isOptions(value)
        ? (unknownOption(name, value, rules) ?? wrongOption(name, value, rules, `${name}.`))
        : faultOf(TypeError, name, expected, value),
  };
}

/** A plain object, of any realm, or one of a class of the user's: an array, a Date or a Map without options would be taken for the defaults. */
const isOptions = (value: unknown): value is Readonly<Record<string, unknown>> =>
  ({}).toString.call(value) === '[object Object]';

type Rules = Readonly<Record<string, Pick<Rule<unknown>, 'fault'>>>;

function unknownOption(subject: string, given: unknown, rules: Rules): Error | null {
  const unknown = Object.keys(Object(given)).find((key) => !Object.hasOwn(rules, key));
  const [nearest] = unknown === undefined ? [] : nearestNames(unknown, Object.keys(rules));
  if (nearest === undefined || !isOptions(given)) return null;
  return new TypeError(`${subject} has no option ${shown(unknown)}: did you mean ${shown(nearest)}?`);
}

function wrongOption(subject: string, given: unknown, rules: Rules, prefix = ''): Error | null {
  if (!isOptions(given)) return faultOf(TypeError, `options of ${subject}`, 'an object', given);
  for (const key in given)
    if (!Object.hasOwn(rules, key))
      return new TypeError(`${subject} has no option ${shown(key)}: it has ${Object.keys(rules).join(', ')}`);
  for (const key in rules) {
    const error = rules[key]?.fault(prefix + key, given[key]);
    if (error) return error;
  }
  return null;
}
