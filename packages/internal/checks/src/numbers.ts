import { type Rule, rule } from './rule.js';

const isNumber = (value: unknown) => typeof value === 'number';

/** An integer from `minimum` to `maximum`, both allowed. */
/* @__NO_SIDE_EFFECTS__ */
export function integer(minimum = -Infinity, maximum = Infinity): Rule<number> {
  return rule<number>(
    `an integer${rangeText(minimum, maximum)}`,
    isNumber,
    (value) => value >= minimum && value <= maximum && Number.isSafeInteger(value),
  );
}

/** An odd integer of at least `minimum`. */
/* @__NO_SIDE_EFFECTS__ */
export function oddInteger(minimum: number): Rule<number> {
  const { fault } = integer(minimum);
  return rule<number>(
    `an odd integer of at least ${minimum}`,
    isNumber,
    (value) => fault('', value) === null && value % 2 !== 0,
  );
}

/** A finite number from `minimum` to `maximum`, both allowed. */
/* @__NO_SIDE_EFFECTS__ */
export function number(minimum = -Infinity, maximum = Infinity): Rule<number> {
  return rule<number>(
    `a finite number${rangeText(minimum, maximum)}`,
    isNumber,
    (value) => value >= minimum && value <= maximum && Number.isFinite(value),
  );
}

/** A finite number above 0. */
export const positive: Rule<number> = /* @__PURE__ */ rule<number>(
  'a finite number above 0',
  isNumber,
  (value) => Number.isFinite(value) && value > 0,
);

function rangeText(minimum: number, maximum: number): string {
  if (minimum === -Infinity) return maximum < Infinity ? ` of at most ${maximum}` : '';
  return maximum < Infinity ? ` from ${minimum} to ${maximum}` : ` of at least ${minimum}`;
}
