import { nearestName } from './nearest-name.js';
import { mustBe, type OptionalRule, type Rule } from './rule.js';
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
 * @param subject whose options they are, as `train` or `conv2d`
 * @throws TypeError for what is no object, an unknown option (with the nearest known one) or a value of the wrong type; RangeError for
 *   a value out of range
 */
export function checkOptions<Options extends object>(
  subject: string,
  given: unknown,
  rules: OptionRules<Options>,
): Options {
  const fault = optionsFault(subject, `options of ${subject}`, '', given, rules);
  if (fault !== null) throw fault;
  return given as Options;
}

/** A rule for an option that is itself an object with options. @param rules those of the object */
/* @__NO_SIDE_EFFECTS__ */
export function record<Options extends object>(
  rules: OptionRules<Options>,
  expected = `an object with ${Object.keys(rules).join(', ')}`,
): Rule<Options> {
  return {
    expected,
    fault: (name, value) =>
      isRecord(value)
        ? optionsFault(name, name, `${name}.`, value, rules)
        : new TypeError(mustBe(name, expected, value)),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function optionsFault(
  subject: string,
  name: string,
  prefix: string,
  given: unknown,
  rules: Readonly<Record<string, Pick<Rule<unknown>, 'fault'>>>,
): Error | null {
  if (!isRecord(given)) return new TypeError(mustBe(name, 'an object', given));
  const names = Object.keys(rules);
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(rules, key)) continue;
    const nearest = nearestName(key, names);
    const remedy = nearest === undefined ? `it has ${names.join(', ')}` : `did you mean ${shown(nearest)}?`;
    return new TypeError(`${subject} has no option ${shown(key)}: ${remedy}`);
  }
  for (const key of names) {
    const fault = rules[key]?.fault(prefix + key, given[key]);
    if (fault) return fault;
  }
  return null;
}
