import { readFileSync } from 'node:fs';
import { preprocessings } from '@cnnzoo/metadata';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rgbToBgr, toRgb } from './color/channel-order.js';
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './color/enhance.js';
import { gaussianBlur } from './color/gaussian-blur.js';
import { grayscale } from './color/grayscale.js';
import { adjustHue } from './color/hue.js';
import { autocontrast, equalize, invert, posterize, solarize } from './color/levels.js';
import { compose } from './compose.js';
import { fromDescription } from './from-description.js';
import { affine } from './geometry/affine.js';
import { centerCrop, crop } from './geometry/crop.js';
import { horizontalFlip, verticalFlip } from './geometry/flip.js';
import { pad } from './geometry/pad.js';
import { perspective } from './geometry/perspective.js';
import { resize, resizedCrop } from './geometry/resize.js';
import { rotate } from './geometry/rotate.js';
import type { Image } from './image/image.js';
import { denormalize, normalize } from './image/normalize.js';
import { toBytes, toTensor } from './image/to-tensor.js';
import { evaluationTransform, trainingTransform } from './preprocessing.js';
import { mixup } from './random/mix-batch.js';
import { randomHorizontalFlip } from './random/random-apply.js';
import { randomCrop } from './random/random-crop.js';
import { randomGenerator } from './random/random-generator.js';
import { randomRotation } from './random/random-geometry.js';
import { randomResizedCrop } from './random/random-resized-crop.js';
import type { Transform } from './transform.js';
import { globalContrastNormalization } from './whitening/contrast-normalization.js';
import { fitZca, type Zca, zcaWhitening } from './whitening/zca.js';

function imageOf(width: number, height: number, channels = 3, seed = 1): Image {
  const random = randomGenerator(seed);
  return {
    data: Uint8Array.from({ length: width * height * channels }, () => random.integer(0, 256)),
    width,
    height,
    channels,
  };
}

const everyTransform: Transform[] = [
  resize(5),
  resize([3, 9], { interpolation: 'bicubic' }),
  resize(4, { interpolation: 'nearest' }),
  centerCrop([3, 4]),
  pad(2, { mode: 'edge' }),
  horizontalFlip(),
  verticalFlip(),
  rotate(20, { interpolation: 'bilinear' }),
  affine({ angle: 10, translate: [1, 0], scale: 1.2, shear: [5, 0] }, { interpolation: 'bilinear' }),
  adjustBrightness(1.3),
  adjustContrast(0.7),
  adjustSaturation(1.5),
  adjustSharpness(2),
  adjustHue(0.2),
  invert(),
  solarize(0.5),
  autocontrast(),
  toBytes(),
  toTensor(),
];

describe('on float images', () => {
  test.each(everyTransform.map((t) => [t.description?.name, t] as const))(
    '%s is what it is on 8-bit ones',
    (name, transform) => {
      for (const channels of [1, 3, 4]) {
        const bytes = imageOf(12, 10, channels);
        // Solarize's threshold is in the unit of the image.
        const onBytes = (name === 'solarize' ? solarize(128) : transform)(bytes);
        const onFloats = transform(toTensor()(bytes));
        expect([onFloats.width, onFloats.height, onFloats.channels]).toEqual([
          onBytes.width,
          onBytes.height,
          onBytes.channels,
        ]);
        const a = toTensor()(onBytes).data;
        const b = toTensor()(onFloats).data;
        const differences = Array.from(a, (value, i) => Math.abs(value - (b[i] ?? Number.NaN)) * 255);
        // 8-bit results are rounded, some in two steps, and hue in steps of 1/255; colours under little alpha are coarse.
        const allowed = name === 'adjustHue' ? 12 : channels === 4 ? 4 : 2.5;
        const meant = channels === 4 ? differences.filter((_, i) => (a[i - (i % 4) + 3] ?? 0) > 0.5) : differences;
        expect(Math.max(...meant)).toBeLessThan(allowed);
      }
    },
  );

  test('posterize and equalize are refused', () => {
    const floats = toTensor()(imageOf(3, 3));
    for (const transform of [posterize(3), equalize()])
      expect(() => transform(floats)).toThrow(/8-bit.*before toTensor/);
  });
});

test('a Buffer of Node and the clamped array of a canvas are as good as a Uint8Array, and stay as they are', () => {
  for (const transform of [...everyTransform, rgbToBgr(), posterize(2), equalize(), gaussianBlur(3), grayscale(1)]) {
    const image = imageOf(9, 11);
    const expected = transform(image);
    for (const data of [Buffer.from(image.data), Uint8ClampedArray.from(image.data)]) {
      const result = transform({ ...image, data });
      expect([...result.data]).toEqual([...expected.data]);
      expect([...data]).toEqual([...image.data]);
    }
  }
});

test('every transform takes an image of 1 x 1, and says how to make it again', () => {
  for (const transform of everyTransform) {
    expect(transform(imageOf(1, 1)).data.length).toBeGreaterThan(0);
    if (transform.description === undefined) throw new Error('no description');
    const again = fromDescription(JSON.parse(JSON.stringify(transform.description)));
    expect(again(imageOf(7, 9))).toEqual(transform(imageOf(7, 9)));
  }
});

describe('properties', () => {
  const size = fc.integer({ min: 1, max: 40 });
  const image = fc
    .tuple(size, size, fc.constantFrom(1, 3, 4), fc.nat())
    .map(([width, height, channels, seed]) => imageOf(width, height, channels, seed));
  const interpolation = fc.constantFrom('nearest' as const, 'bilinear' as const, 'bicubic' as const);

  test('resizing an image of one colour gives that colour', () => {
    fc.assert(
      fc.property(
        size,
        size,
        size,
        size,
        interpolation,
        fc.nat(255),
        (width, height, newWidth, newHeight, kind, value) => {
          const flat = { data: new Uint8Array(width * height * 3).fill(value), width, height, channels: 3 };
          const resized = resize([newHeight, newWidth], { interpolation: kind })(flat);
          expect(resized.data).toEqual(new Uint8Array(newWidth * newHeight * 3).fill(value));
        },
      ),
    );
  });

  test('resizing the mirror image is the mirror image of resizing, up to rounding', () => {
    fc.assert(
      fc.property(image, size, size, (original, height, width) => {
        const to = resize([height, width]);
        const a = to(horizontalFlip()(original)).data;
        const b = horizontalFlip()(to(original)).data;
        // Pillow's rounding to 22 bits is not symmetric. Alpha divides the error.
        const alpha = original.channels === 4;
        if (!alpha)
          for (let i = 0; i < a.length; i++) expect(Math.abs((a[i] ?? 0) - (b[i] ?? 0))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('flipping, swapping channels and inverting twice changes nothing', () => {
    fc.assert(
      fc.property(image, (original) => {
        for (const twice of [horizontalFlip(), verticalFlip(), invert()])
          expect(twice(twice(original)).data).toEqual(original.data);
        if (original.channels >= 3) expect(rgbToBgr()(rgbToBgr()(original)).data).toEqual(original.data);
      }),
    );
  });

  test('a crop of a padded image is the image', () => {
    fc.assert(
      fc.property(
        image,
        fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }),
        (original, [left = 0, top = 0, right = 0, bottom = 0]) => {
          const { width, height } = original;
          for (const mode of ['constant', 'edge'] as const) {
            const padded = pad([left, top, right, bottom], { mode, fill: 7 })(original);
            expect(crop({ top, left, width, height })(padded)).toEqual(original);
          }
        },
      ),
    );
  });

  test('denormalize undoes normalize, toBytes undoes toTensor', () => {
    fc.assert(
      fc.property(image, (original) => {
        const bytes = compose([toTensor(), normalize([0.4], [0.3]), denormalize([0.4], [0.3]), toBytes()])(original);
        expect(bytes.data).toEqual(original.data);
      }),
    );
  });
});

test('the transforms of a preprocessing give what the weights expect', () => {
  const white = { data: new Uint8Array(640 * 480 * 3).fill(255), width: 640, height: 480, channels: 3 };
  const firstPixel = (name: keyof typeof preprocessings, image = white) =>
    Array.from(evaluationTransform(name)(image).data.subarray(0, 3));
  expect(evaluationTransform('imagenet')(white)).toMatchObject({ width: 224, height: 224 });
  expect(evaluationTransform('inception')(white)).toMatchObject({ width: 299, height: 299 });
  expect(firstPixel('imagenet')[0]).toBeCloseTo((1 - 0.485) / 0.229, 5);
  // Keras's preprocess_input, but that channels stay RGB; and -1 to 1.
  const orange = { ...white, data: white.data.map((_, i) => [255, 128, 0][i % 3] ?? 0) };
  for (const [i, value] of [255 - 123.68, 128 - 116.779, 0 - 103.939].entries())
    expect(firstPixel('caffe', orange)[i]).toBeCloseTo(value, 3);
  expect(firstPixel('tensorflow')).toEqual([1, 1, 1]);
  expect(firstPixel('inception')).toEqual([1, 1, 1]);
  const small = imageOf(32, 32);
  expect(evaluationTransform('cifar')(small)).toMatchObject({ width: 32, height: 32 });
  for (const name of Object.keys(preprocessings) as (keyof typeof preprocessings)[]) {
    const { cropSize, mean } = preprocessings[name];
    const gray = { data: new Uint8Array(28 * 28), width: 28, height: 28, channels: 1 };
    const image = mean.length === 1 ? gray : name === 'cifar' ? small : white;
    expect(evaluationTransform(name)(image)).toMatchObject({ width: cropSize, height: cropSize });
    expect(trainingTransform(name)(image, randomGenerator(1))).toMatchObject({ width: cropSize, height: cropSize });
  }
});

test('compose runs this package’s transforms and functions of one’s own', () => {
  const own = (image: Image): Image => ({ ...image, data: image.data.map((v) => v / 2) });
  const result = compose([resize(4), own, toTensor()])(imageOf(8, 8));
  expect(result.data).toBeInstanceOf(Float32Array);
  expect(Math.max(...result.data)).toBeLessThanOrEqual(0.5);
});

test('what ends in normalize puts its numbers where they are wanted', () => {
  const [floats, statistics] = [toTensor(), normalize([0.4], [0.3])];
  const ways = [compose([randomCrop(6), floats, statistics]), compose([compose([randomCrop(6), floats, statistics])])];
  for (const transform of ways) {
    const image = imageOf(8, 8);
    const expected = transform(image, randomGenerator(1));
    const batch = new Float32Array(3 * expected.data.length);
    const place = (length: number) => batch.subarray(length, 2 * length);
    const result = transform.into?.(image, randomGenerator(1), place);
    expect(result).toEqual(expected);
    expect(batch.subarray(expected.data.length, 2 * expected.data.length)).toEqual(expected.data);
    expect(batch.filter((value) => value === 0).length).toBeGreaterThanOrEqual(2 * expected.data.length);
    for (const wrong of [(length: number) => new Float32Array(length + 1), () => new Float32Array(), () => undefined])
      expect(() => transform.into?.(image, randomGenerator(1), wrong as typeof place)).toThrow(
        /place must give a Float32Array of 108 numbers, got/,
      );
    expect(() => transform.into?.({ ...image, width: 3 }, randomGenerator(1), place)).toThrow(/image.data must hold/);
  }
  expect(compose([statistics, floats]).into).toBeUndefined();
  expect(compose([]).into).toBeUndefined();
});

describe('bad input is named, with its value and what was expected', () => {
  const image = imageOf(10, 8);
  const floats = new Float32Array(240);
  test.each<[RegExp, () => unknown]>([
    [/size must be an integer of at least 1, or two: \[height, width\], got 0/, () => resize(0)],
    [/size must be .* got \[1.5, 2\]/, () => resize([1.5, 2])],
    [/interpolation must be one of 'nearest', .* got 'sinc'/, () => resize(3, { interpolation: 'sinc' as 'nearest' })],
    [
      /interpolation must be one of 'nearest', 'bilinear', 'bicubic', got 'lanczos'/,
      () => rotate(3, { interpolation: 'lanczos' as 'nearest' }),
    ],
    [/padding.*got -1/, () => pad(-1)],
    [/mode must be/, () => pad(1, { mode: 'wrap' as 'edge' })],
    [/factor.*got -1/, () => adjustBrightness(-1)],
    [/factor.*from -0.5 to 0.5, got 0.6/, () => adjustHue(0.6)],
    [/factor.*got NaN/, () => adjustContrast(Number.NaN)],
    [/bits.*from 0 to 8, got 9/, () => posterize(9)],
    [/kernelSize must be an odd.*got 4/, () => gaussianBlur(4)],
    [/channels must be one of 1, 3, got 2/, () => grayscale(2 as 1)],
    [/standardDeviation\[1\] must not be 0/, () => normalize([0, 0, 0], [1, 0, 1])],
    [/as long, got 3 and 1/, () => normalize([0, 0, 0], [1])],
    [/transforms\[1\] must be a function from an image to an image, got 3/, () => compose([resize(3), 3 as never])],
    [
      /on a line/,
      () =>
        perspective(
          [
            [0, 0],
            [1, 0],
            [2, 0],
            [3, 0],
          ],
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 1],
          ].map(() => [0, 0] as const) as never,
        ),
    ],
    [/seed must be an integer of at least 0, got -1/, () => randomGenerator(-1)],
    [/image.data must hold .* = 240 values, got 3/, () => resize(3)({ ...image, data: new Uint8Array(3) })],
    [/image.width.*got 0/, () => resize(3)({ ...image, width: 0 })],
    [/image.data must be a Uint8Array.*got \[1\]/, () => resize(3)({ ...image, data: [1] as never })],
    [/crop of 9 x 5.*reaches out of the image of 8 x 10/, () => crop({ top: 0, left: 0, height: 9, width: 5 })(image)],
    [/reaches out/, () => resizedCrop({ top: 7, left: 0, height: 2, width: 2 }, 4)(image)],
    [/randomCrop of 12 x 12.*larger than the image of 8 x 10/, () => randomCrop(12)(image, randomGenerator(1))],
    [/image: toTensor expects floats of 0 to 1, got 255/, () => toTensor()({ ...image, data: floats.fill(255) })],
    [/toTensor expects floats of 0 to 1, got NaN/, () => toTensor()({ ...image, data: floats.fill(Number.NaN) })],
    [/toRgb needs 1, 3 or 4 channels, the image has 2/, () => toRgb()(imageOf(2, 2, 2))],
    [/needs more than 4 pixels.*8 x 3/, () => gaussianBlur(9)(imageOf(3, 8))],
    [/statistics for 3 channels, the image has 1/, () => normalize([0, 0, 0], [1, 1, 1])(toTensor()(imageOf(2, 2, 1)))],
    [/normalize needs a float image.*toTensor/, () => normalize([0], [1])(image)],
    [/rgbToBgr needs at least 3 channels, the image has 1/, () => rgbToBgr()(imageOf(2, 2, 1))],
    [
      /resize has no option 'interpolaton': did you mean 'interpolation'\?/,
      () => resize(3, { interpolaton: 1 } as object),
    ],
    [/rotate has no option 'expnd': did you mean 'expand'\?/, () => rotate(3, { expnd: true } as object)],
    [/expand must be true or false, got 1/, () => rotate(3, { expand: 1 as never })],
    [/randomCrop has no option 'paddings': did you mean 'padding'\?/, () => randomCrop(3, { paddings: 1 } as object)],
    [/mixup has no option 'numclasses': did you mean 'numClasses'\?/, () => mixup({ numclasses: 3 } as never)],
    [/scale must be a pair .* got \[1, 0.5\]/, () => randomResizedCrop(3, { scale: [1, 0.5] })],
    [/degrees must be .* got NaN/, () => randomRotation(Number.NaN)],
    [/options of pad must be an object, got null/, () => pad(1, null as never)],
    [
      /box.top must be an integer of at least 0, got '1'/,
      () => crop({ top: '1' as never, left: 0, height: 1, width: 1 }),
    ],
    [
      /parameters.translate must be two numbers/,
      () => affine({ angle: 0, translate: [1] as never, scale: 1, shear: [0, 0] }),
    ],
    [/startPoints must be four points/, () => perspective([[0, 0]] as never, [[0, 0]] as never)],
    [/image must be \{ data, width, height, channels \}, got null/, () => resize(3)(null as never)],
    [/randomHorizontalFlip is random.*got 7; pass randomGenerator/, () => randomHorizontalFlip()(image, 7 as never)],
    [/no transform is called 'blend'/, () => fromDescription({ name: 'blend', arguments: [] })],
    [/preprocessing must be one of 'imagenet', 'imagenetV2'/, () => evaluationTransform('resnet' as 'imagenet')],
  ])('%s', (message, run) => {
    expect(run).toThrow(message);
  });
});

test('the generator is the same everywhere, uniform, and its streams differ', () => {
  const random = randomGenerator(1, 2, 3);
  const first = Array.from({ length: 4 }, () => random.integer(0, 1000));
  expect(first).toEqual(
    Array.from(
      { length: 4 },
      (
        (again) => () =>
          again.integer(0, 1000)
      )(randomGenerator(1, 2, 3)),
    ),
  );
  const streams = new Set(Array.from({ length: 1000 }, (_, i) => randomGenerator(7, i).uniform()));
  expect(streams.size).toBe(1000);
  // The first number of 1000 streams is as uniform as 1000 numbers of one.
  const sorted = [...streams].sort((a, b) => a - b);
  expect(Math.max(...sorted.map((v, i) => Math.abs(v - (i + 0.5) / 1000)))).toBeLessThan(0.06);
  const order = randomGenerator(5).permutation(100);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

describe('whitening', () => {
  const golden: Readonly<Record<'images' | 'normalized' | 'whitened', readonly number[][]>> & {
    readonly [Name in keyof Zca]: readonly number[];
  } = JSON.parse(readFileSync(new URL('./fixtures/whitening.json', import.meta.url), 'utf8'));
  const images = golden.images.map((data) => ({ data: Uint8Array.from(data), width: 3, height: 4, channels: 3 }));
  const normalized = images.map((image) => compose([toTensor(), globalContrastNormalization()])(image));
  /** How far numbers are from those of a file. */
  const difference = (actual: ArrayLike<number>, expected: readonly number[]) => {
    expect(actual.length).toBe(expected.length);
    return Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN))));
  };

  test('is what pylearn2 computes, in float64', async () => {
    for (const [i, row] of golden.normalized.entries())
      expect(difference(normalized[i]?.data ?? [], row), `image ${i}`).toBeLessThan(2e-6); // float32 of up to 26
    const zca = await fitZca(normalized);
    expect(difference(zca.mean, golden.mean)).toBeLessThan(1e-13);
    expect(difference(zca.matrix, golden.matrix)).toBeLessThan(1e-12);
    const whiten = zcaWhitening(zca);
    const whitened = normalized.map((image) => whiten(image).data);
    for (const [i, row] of golden.whitened.entries())
      expect(difference(whitened[i] ?? [], row), `image ${i}`).toBeLessThan(1e-6);
  });

  test('decorrelates: what it was fitted on has the identity as covariance, but for epsilon', async () => {
    async function* oneByOne() {
      yield* normalized;
    }
    const whiten = zcaWhitening(await fitZca(oneByOne(), { epsilon: 1e-9 }));
    const rows = normalized.map((image) => whiten(image).data);
    // Of 36 values 35 are free: contrast normalization takes the mean away.
    const variances = Array.from({ length: 36 }, (_, k) => rows.reduce((sum, row) => sum + (row[k] ?? 0) ** 2, 0) / 50);
    expect(variances.reduce((sum, variance) => sum + variance, 0)).toBeCloseTo(35, 2);
  });

  test('refuses what it cannot whiten', async () => {
    const zca = await fitZca(normalized);
    const [byte, other] = [images[0] as Image, toTensor()(imageOf(2, 2))];
    expect(() => globalContrastNormalization()(byte)).toThrow('put toTensor() before it');
    expect(() => zcaWhitening(zca)(byte)).toThrow('put toTensor() before it');
    expect(() => zcaWhitening(zca)(other)).toThrow('zcaWhitening was fitted on images of 36 values, got 12');
    expect(() => zcaWhitening({ ...zca, matrix: zca.mean })).toThrow('zca.matrix must have 1296 values');
    await expect(fitZca([byte])).rejects.toThrow('images: image 0 must be a float image');
    await expect(fitZca([other])).rejects.toThrow('images must be at least 2, got 1');
    await expect(fitZca([other, toTensor()(imageOf(2, 1))])).rejects.toThrow('image 1 must have 12 values');
  });
});
