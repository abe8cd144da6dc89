import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './color/enhance.js';
import { gaussianBlur } from './color/gaussian-blur.js';
import { grayscale } from './color/grayscale.js';
import { adjustHue } from './color/hue.js';
import { autocontrast, equalize, invert, posterize, solarize } from './color/levels.js';
import { compose } from './compose.js';
import { fiveCrop, tenCrop } from './crops/several-crops.js';
import { type AffineParameters, affine } from './geometry/affine.js';
import { type Box, centerCrop } from './geometry/crop.js';
import { horizontalFlip, verticalFlip } from './geometry/flip.js';
import { type PadMode, pad } from './geometry/pad.js';
import { type Corners, perspective } from './geometry/perspective.js';
import { resize, resizedCrop } from './geometry/resize.js';
import { rotate } from './geometry/rotate.js';
import type { Interpolation } from './image/filter.js';
import type { Image } from './image/image.js';
import { normalize } from './image/normalize.js';
import { toTensor } from './image/to-tensor.js';

/** A line of fixtures/cases.json, made by fixtures/make_cases.py. */
interface Case {
  input: string;
  op: string;
  args: Arguments;
  index?: number;
  from: string;
  width: number;
  height: number;
  channels: number;
  crc32: number;
  mean: number;
  std: number;
  first: number[];
  last: number[];
}

interface Arguments extends Box, AffineParameters {
  size: number | [number, number];
  interpolation: Interpolation;
  padding: [number, number, number, number];
  mode: PadMode;
  factor: number;
  channels: 1 | 3;
  bits: number;
  threshold: number;
  kernelSize: number;
  sigma: number;
  start: Corners;
  end: Corners;
  resize: number;
  crop: number;
  mean: number[];
  std: number[];
}

const operations: Record<string, (args: Arguments, index: number) => (image: Image) => Image | undefined> = {
  resize: (args) => resize(args.size, { interpolation: args.interpolation }),
  centerCrop: (args) => centerCrop(args.size),
  resizedCrop: (args) => resizedCrop(args, args.size, { interpolation: args.interpolation }),
  hflip: () => horizontalFlip(),
  vflip: () => verticalFlip(),
  pad: (args) => pad(args.padding, { mode: args.mode }),
  adjustBrightness: (args) => adjustBrightness(args.factor),
  adjustContrast: (args) => adjustContrast(args.factor),
  adjustSaturation: (args) => adjustSaturation(args.factor),
  adjustSharpness: (args) => adjustSharpness(args.factor),
  adjustHue: (args) => adjustHue(args.factor),
  grayscale: (args) => grayscale(args.channels),
  rotate: (args) => rotate(args.angle, { interpolation: args.interpolation }),
  invert: () => invert(),
  posterize: (args) => posterize(args.bits),
  solarize: (args) => solarize(args.threshold),
  autocontrast: () => autocontrast(),
  equalize: () => equalize(),
  gaussianBlur: (args) => gaussianBlur(args.kernelSize, args.sigma),
  affine: (args) => affine(args, { interpolation: args.interpolation }),
  perspective: (args) => perspective(args.start, args.end, { interpolation: args.interpolation }),
  fiveCrop: (args, index) => (image) => fiveCrop(args.size)(image)[index],
  tenCrop: (args, index) => (image) => tenCrop(args.size)(image)[index],
  classification: (args) =>
    compose([resize(args.resize), centerCrop(args.crop), toTensor(), normalize(args.mean, args.std)]),
};

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

async function readPicture(name: string): Promise<Image> {
  const { data, info } = await sharp(fixture(name))
    .toColourspace(name === 'gray.png' ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: info.channels };
}

const cases = JSON.parse(readFileSync(fixture('cases.json'), 'utf8')) as Case[];

function run({ input, op, args, index = 0 }: Case, image: Image): Image {
  const result = operations[op]?.(args, index)(image);
  if (result === undefined) throw new Error(`no operation ${op} for ${input}`);
  return result;
}

describe.each(['photo.png', 'odd.png', 'gray.png', 'rgba.png'])('%s', async (input) => {
  const image = await readPicture(input);
  const ofInput = cases.filter((c) => c.input === input);

  test.each(
    ofInput.filter((c) => c.op !== 'classification').map((c) => [c.op, JSON.stringify(c.args), c.from, c] as const),
  )('%s %s is exact to %s', (_op, _args, _from, expected) => {
    const before = crc32(image.data as Uint8Array);
    const { data, width, height, channels } = run(expected, image);
    expect({ width, height, channels, crc32: crc32(data as Uint8Array) }).toEqual({
      width: expected.width,
      height: expected.height,
      channels: expected.channels,
      crc32: expected.crc32,
    });
    expect(crc32(image.data as Uint8Array)).toBe(before);
  });

  test.each(ofInput.filter((c) => c.op === 'classification'))(
    'classification preprocessing is within 1e-6',
    (expected) => {
      const { data, channels } = run(expected, image);
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
    },
  );
});
