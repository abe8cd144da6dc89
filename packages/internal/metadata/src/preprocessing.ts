import { check, integer, listOf, number, oneOf, optional, type Rule, record, rule } from '@cnnzoo/checks';

/**
 * How an image becomes a network's input: the shorter side resized to `resizeSize`, `padding` pixels of black on each side, the
 * middle `cropSize` square cut out, RGB values from 0 to 1, minus `mean`, divided by `std`.
 */
export interface Preprocessing {
  readonly resizeSize: number;
  /** Default 0. */
  readonly padding?: number;
  readonly cropSize: number;
  /** Default 'bilinear'. */
  readonly interpolation?: 'bilinear' | 'bicubic';
  /** One a channel, in the order RGB. */
  readonly mean: readonly number[];
  /** One a channel, in the order RGB. */
  readonly std: readonly number[];
}

/** The rule for a {@link Preprocessing}. */
export const preprocessingRule: Rule<Preprocessing> = /* @__PURE__ */ record<Preprocessing>(
  /* @__PURE__ */ Object.freeze({
    resizeSize: /* @__PURE__ */ integer(1),
    padding: /* @__PURE__ */ optional(/* @__PURE__ */ integer(0)),
    cropSize: /* @__PURE__ */ integer(1),
    interpolation: /* @__PURE__ */ optional(/* @__PURE__ */ oneOf(['bilinear', 'bicubic'])),
    mean: /* @__PURE__ */ listOf(/* @__PURE__ */ number(), 1),
    std: /* @__PURE__ */ listOf(
      /* @__PURE__ */ rule<number>(
        'a finite number other than 0',
        (value) => typeof value === 'number',
        (value) => Number.isFinite(value) && value !== 0,
      ),
      1,
    ),
  }),
);

/**
 * Returns a preprocessing whose numbers are right.
 * @param name the argument, for messages
 * @param channels of the network's input; null where they are unknown
 * @throws TypeError or RangeError naming the field
 */
export function checkPreprocessing(name: string, value: unknown, channels: number | null = null): Preprocessing {
  const checked = check(name, value, preprocessingRule);
  const wanted = channels ?? checked.mean.length;
  for (const field of ['mean', 'std'] as const)
    check(
      `${name}.${field}`,
      checked[field],
      rule<readonly number[]>(
        `an array of ${wanted}, one a channel`,
        () => true,
        (values) => values.length === wanted,
      ),
    );
  return checked;
}
