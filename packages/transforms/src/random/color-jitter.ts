import { checkOptions, either, number, type OptionalRule, optional } from '@cnnzoo/checks';
import { range } from '../arguments.js';
import { adjustBrightness, adjustContrast, adjustSaturation } from '../color/enhance.js';
import { adjustHue } from '../color/hue.js';
import { defineRandomTransform, drawPermutation, type RandomTransform } from '../transform.js';

/** How far a property may move: a number v is the range [1 - v, 1 + v] (hue: [-v, v]), a pair the range itself. */
export type Jitter = number | readonly [number, number];

/** The options of `colorJitter`. */
export interface ColorJitterOptions {
  readonly brightness?: Jitter;
  readonly contrast?: Jitter;
  readonly saturation?: Jitter;
  readonly hue?: Jitter;
}

type Range = readonly [number, number];

const jitterRule: OptionalRule<Jitter> = /* @__PURE__ */ optional(
  /* @__PURE__ */ either<[number, Range]>(/* @__PURE__ */ number(0), /* @__PURE__ */ range(/* @__PURE__ */ number(0))),
);
const hueRule: OptionalRule<Jitter> = /* @__PURE__ */ optional(
  /* @__PURE__ */ either<[number, Range]>(
    /* @__PURE__ */ number(0, 0.5),
    /* @__PURE__ */ range(/* @__PURE__ */ number(-0.5, 0.5)),
  ),
);

/** A property and by what it was changed. */
export interface ColorAdjustment {
  readonly property: keyof ColorJitterOptions;
  readonly factor: number;
}

const adjustments = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
};

/**
 * Changes brightness, contrast, saturation and hue by random factors in random order, as torchvision's ColorJitter.
 * @param options a range per property; those left out stay
 * @returns a random transform that draws the adjustments in their order
 * @throws RangeError where a range is wrong
 * @example
 * import { colorJitter, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 })(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function colorJitter(options: ColorJitterOptions): RandomTransform<{ adjustments: readonly ColorAdjustment[] }> {
  const {
    brightness = 0,
    contrast = 0,
    saturation = 0,
    hue = 0,
  } = checkOptions<ColorJitterOptions>('colorJitter', options, {
    brightness: jitterRule,
    contrast: jitterRule,
    saturation: jitterRule,
    hue: hueRule,
  });
  const ranges = [
    { property: 'brightness', range: jitterRange(brightness) },
    { property: 'contrast', range: jitterRange(contrast) },
    { property: 'saturation', range: jitterRange(saturation) },
    { property: 'hue', range: hueRange(hue) },
  ] as const;
  const moving = ranges.filter(
    ({ property, range }) => range[0] !== range[1] || range[0] !== (property === 'hue' ? 0 : 1),
  );
  return defineRandomTransform(
    'colorJitter',
    [options],
    (_, random) => {
      const drawn = moving.map(({ property, range }) => ({ property, factor: random.uniform(...range) }));
      return { adjustments: Array.from(drawPermutation(random, drawn.length)).flatMap((index) => drawn[index] ?? []) };
    },
    (image, drawn) =>
      drawn.adjustments.reduce((result, { property, factor }) => adjustments[property](factor)(result), image),
  );
}

function jitterRange(jitter: Jitter): readonly [number, number] {
  return typeof jitter === 'number' ? [Math.max(0, 1 - jitter), 1 + jitter] : jitter;
}

function hueRange(jitter: Jitter): readonly [number, number] {
  return typeof jitter === 'number' ? [-jitter, jitter] : jitter;
}
