import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { compose } from './compose.js';
import { type DrawnImage, drawImage } from './fixtures/drawn-image.js';
import { largestDifference, type PillowCase, runCase } from './fixtures/pillow-case.js';
import { centerCrop } from './geometry/crop.js';
import { resize } from './geometry/resize.js';
import type { Image } from './image/image.js';
import { normalize } from './image/normalize.js';
import { toTensor } from './image/to-tensor.js';

/** A line of fixtures/cases.json, made by fixtures/make_cases.py. */
interface GoldenCase extends PillowCase {
  readonly input: string;
  readonly index?: number;
}

/** torchvision's whole preprocessing: the figures of the tensor, CHW. */
interface Classification {
  readonly input: string;
  readonly op: 'classification';
  readonly args: { readonly resize: number; readonly crop: number; readonly mean: number[]; readonly std: number[] };
  readonly mean: number;
  readonly std: number;
  readonly first: number[];
  readonly last: number[];
}

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

async function readFixture(name: string): Promise<Image> {
  const { data, info } = await sharp(fixture(name))
    .toColourspace(name === 'gray.png' ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: info.channels };
}

const json = (name: string): unknown => JSON.parse(readFileSync(fixture(name), 'utf8'));
const golden = json('cases.json') as (GoldenCase | Classification)[];
const drawn = json('drawn-cases.json') as (PillowCase & { readonly image: DrawnImage })[];

function facts({ data, width, height, channels }: Image) {
  return { width, height, channels, crc32: crc32(data as Uint8Array) };
}

function factsOf({ width, height, channels, crc32 }: PillowCase) {
  return { width, height, channels, crc32 };
}

describe.each(['photo.png', 'odd.png', 'gray.png', 'rgba.png'])('%s', async (input) => {
  const image = await readFixture(input);
  const ofInput = golden.filter((c) => c.input === input);
  const exact = ofInput.filter((c): c is GoldenCase => c.op !== 'classification');
  const whole = ofInput.filter((c): c is Classification => c.op === 'classification');

  test.each(exact.map((c) => [c.op, JSON.stringify(c.args), c.from, c] as const))(
    '%s %s is exact to %s',
    (_op, _args, _from, expected) => {
      const before = crc32(image.data as Uint8Array);
      expect(facts(runCase(expected, image, expected.index ?? 0))).toEqual(factsOf(expected));
      expect(crc32(image.data as Uint8Array)).toBe(before);
    },
  );

  test.each(whole)('classification preprocessing is within 1e-6', ({ args, ...expected }) => {
    const preprocess = compose([
      resize(args.resize),
      centerCrop(args.crop),
      toTensor(),
      normalize(args.mean, args.std),
    ]);
    const { data, channels } = preprocess(image);
    // The expected figures are CHW.
    const planes = Array.from({ length: channels }, (_, c) =>
      Array.from(data).filter((_, i) => i % channels === c),
    ).flat();
    const mean = planes.reduce((sum, value) => sum + value, 0) / planes.length;
    const variance = planes.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (planes.length - 1);
    const differences = [
      ...expected.first.map((value, i) => value - (planes[i] ?? Number.NaN)),
      ...expected.last.map((value, i) => value - (planes.at(i - expected.last.length) ?? Number.NaN)),
      expected.mean - mean,
      expected.std - Math.sqrt(variance),
    ].map(Math.abs);
    expect(Math.max(...differences)).toBeLessThan(1e-6);
  });
});

// fixtures/draw_cases.py 420 1 made drawn-cases.json; `pnpm differential 1000` draws others.
describe('drawn images, sizes and arguments', () => {
  const exact = drawn.filter(({ pixels }) => pixels === undefined);

  test.each(exact.map((c) => [c.op, JSON.stringify(c.args), JSON.stringify(c.image), c] as const))(
    '%s %s of %s is exact',
    (_op, _args, _image, expected) => {
      const image = drawImage(expected.image);
      const before = crc32(image.data as Uint8Array);
      expect(facts(runCase(expected, image))).toEqual(factsOf(expected));
      expect(crc32(image.data as Uint8Array)).toBe(before);
    },
  );

  // PyTorch adds a blur's products up in float32, in an order that depends on its convolution's kernel and thus on the processor: where
  // the sum is nearly a half, that order decides how it is rounded.
  test.each(drawn.filter(({ pixels }) => pixels !== undefined))(
    'gaussianBlur $args of $image is within 1',
    (expected) => {
      expect(largestDifference(expected, runCase(expected, drawImage(expected.image)))).toBeLessThanOrEqual(1);
    },
  );
});
