/** The kernels of WebAssembly against the JavaScript beside them, bit for bit. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from '../color/enhance.js';
import { adjustHue } from '../color/hue.js';
import { autocontrast, equalize, posterize } from '../color/levels.js';
import { affine } from '../geometry/affine.js';
import { horizontalFlip } from '../geometry/flip.js';
import { perspective } from '../geometry/perspective.js';
import { resize } from '../geometry/resize.js';
import { rotate } from '../geometry/rotate.js';
import { interpolations } from '../image/filter.js';
import type { Image } from '../image/image.js';
import { toTensorNormalized } from '../image/normalize.js';
import { toTensor } from '../image/to-tensor.js';
import type { Transform } from '../transform.js';
import { placed, withoutSimd } from './kernels.js';

const side = fc.integer({ min: 1, max: 40 });
const factor = fc.oneof(fc.double({ min: 0, max: 3, noNaN: true }), fc.constantFrom(0, 1, 1e30));

/** Noise, and images of few values, whose pixels are often grey, black or equal. */
const image = fc
  .record({
    width: side,
    height: side,
    channels: fc.constantFrom(1, 3, 4),
    values: fc.constantFrom([0, 255], [0, 1, 127, 128, 254, 255], null),
    seed: fc.nat(),
  })
  .map(({ width, height, channels, values, seed }): Image => {
    let state = seed;
    const data = Uint8Array.from({ length: width * height * channels }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      const byte = state >>> 24;
      return values === null ? byte : (values[byte % values.length] ?? 0);
    });
    return { data, width, height, channels };
  });

const interpolation = fc.constantFrom('nearest' as const, 'bilinear' as const);
const square = [
  [0, 0],
  [39, 0],
  [39, 39],
  [0, 39],
] as const;
/** Far enough from a line for any three of them. */
const cornerAt = ([x, y]: readonly [number, number]) =>
  fc.tuple(fc.integer({ min: x - 12, max: x + 12 }), fc.integer({ min: y - 12, max: y + 12 }));
const drawn: Record<string, fc.Arbitrary<Transform>> = {
  resize: fc
    .tuple(side, side, fc.constantFrom(...interpolations))
    .map(([height, width, name]) => resize([height, width], { interpolation: name })),
  enlarge: fc
    .tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom(...interpolations))
    .map(([size, name]) => resize([size, 3], { interpolation: name })),
  brightness: factor.map((value) => adjustBrightness(value)),
  posterize: fc.integer({ min: 0, max: 8 }).map((bits) => posterize(bits)),
  autocontrast: fc.constant(autocontrast()),
  equalize: fc.constant(equalize()),
  'horizontal flip': fc.constant(horizontalFlip()),
  'to floats': fc.constant(toTensor()),
  'to normalized floats': fc
    .record({
      mean: fc.double({ min: -1, max: 1, noNaN: true }),
      deviation: fc.double({ min: 0.01, max: 3, noNaN: true }),
    })
    .map(({ mean, deviation }) => toTensorNormalized([mean], [deviation])),
  contrast: factor.map((value) => adjustContrast(value)),
  saturation: factor.map((value) => adjustSaturation(value)),
  sharpness: factor.map((value) => adjustSharpness(value)),
  hue: fc.double({ min: -0.5, max: 0.5, noNaN: true }).map((value) => adjustHue(value)),
  rotate: fc
    .tuple(fc.double({ min: -400, max: 400, noNaN: true }), interpolation)
    .map(([angle, name]) => rotate(angle, { interpolation: name, fill: 7 })),
  affine: fc
    .record({
      angle: fc.double({ min: -180, max: 180, noNaN: true }),
      translate: fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -40, max: 40 })),
      scale: fc.double({ min: 0.05, max: 30, noNaN: true }),
      shear: fc.tuple(fc.double({ min: -60, max: 60, noNaN: true }), fc.double({ min: -60, max: 60, noNaN: true })),
    })
    .chain((parameters) => interpolation.map((name) => affine(parameters, { interpolation: name }))),
  perspective: fc
    .tuple(cornerAt(square[0]), cornerAt(square[1]), cornerAt(square[2]), cornerAt(square[3]), interpolation)
    .map(([first, second, third, fourth, name]) =>
      perspective(square, [first, second, third, fourth], { interpolation: name, fill: 200 }),
    ),
};

const same = (first: Image['data'], second: Image['data']) =>
  Buffer.from(first.buffer).equals(Buffer.from(second.buffer));

test.each(Object.entries(drawn))('%s', (_, transforms) => {
  fc.assert(
    fc.property(image, transforms, (source, transform) => {
      const { data, width, height } = transform(source);
      const expected = withoutSimd(() => transform(source));
      expect([width, height]).toEqual([expected.width, expected.height]);
      expect(same(data, expected.data)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('all colours and shifts of the wheel', () => {
  const steps = Array.from({ length: 32 }, (_, i) => (i * 255) / 31);
  const data = Uint8Array.from(
    steps.flatMap((red) => steps.flatMap((green) => steps.flatMap((blue) => [red, green, blue]))),
  );
  const colours: Image = { data, width: 32, height: 32 * 32, channels: 3 };
  for (let shift = -0.5; shift <= 0.5; shift += 1 / 16) {
    const { data: byKernel } = adjustHue(shift)(colours);
    expect(same(byKernel, withoutSimd(() => adjustHue(shift)(colours)).data)).toBe(true);
  }
});

test('where the memory cannot grow, JavaScript computes the same', async () => {
  // Modules of its own, because the other tests of the process may have had the memory grow.
  vi.resetModules();
  const [{ placed, withoutSimd }, { resize }] = await Promise.all([import('./kernels.js'), import('../index.js')]);
  const image: Image = { data: new Uint8Array(2 ** 20).fill(77), width: 2 ** 10, height: 2 ** 10, channels: 1 };
  const half = () => Buffer.from(resize(2 ** 9)(image).data).toString('base64');
  const expected = withoutSimd(half);
  const memory = placed([1])?.kernels.memory as { grow(pages: number): number };
  const grow = vi.spyOn(memory, 'grow').mockImplementation(() => {
    throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
  });
  expect(half()).toBe(expected);
  expect(grow).toHaveBeenCalled();
  grow.mockRestore();
  expect(half()).toBe(expected);
});

test('what is too large for the memory is computed in JavaScript', () => {
  expect(placed([2 ** 26])).toBeNull();
  expect(placed([2 ** 20])?.places).toHaveLength(1);
});
