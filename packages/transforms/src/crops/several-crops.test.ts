import { expect, test } from 'vitest';
import { flipHorizontally } from '../geometry/flip.js';
import { resize } from '../geometry/resize.js';
import type { Image } from '../image/image.js';
import { fiveCrops, googlenetCrops, gridCrops, tenCrops, threeSquares } from './several-crops.js';

/** Each pixel says where it is: x in red, y in green. */
function coordinates(width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.set([x & 255, y & 255, x >> 8], (y * width + x) * 3);
  return { data, width, height, channels: 3 };
}

/** Where a crop of {@link coordinates} starts. */
function corner({ data }: Image): [x: number, y: number] {
  return [(data[0] ?? 0) + 256 * (data[2] ?? 0), data[1] ?? 0];
}

test('five crops are the corners and the middle, ten crops those of the mirror image, too', () => {
  const image = coordinates(30, 20);
  expect(fiveCrops([10, 12])(image).map(corner)).toEqual([
    [0, 0],
    [18, 0],
    [0, 10],
    [18, 10],
    [9, 5],
  ]);
  const ten = tenCrops(10)(image);
  expect(ten).toHaveLength(10);
  expect(ten.slice(5)).toEqual(fiveCrops(10)(flipHorizontally(image)));
});

test('a grid of 5 over the evaluation golden’s image is 50 crops from edge to edge', () => {
  const crops = gridCrops(224, 5)(coordinates(341, 256));
  expect(crops).toHaveLength(50);
  const plain = crops.filter((_, i) => i % 2 === 0).map(corner);
  expect(plain.slice(0, 5)).toEqual([0, 29, 58, 88, 117].map((x) => [x, 0]));
  expect(plain.at(-1)).toEqual([117, 32]);
  expect(crops[1]).toEqual(flipHorizontally(crops[0] as Image));
});

test.each([
  [256, [0, 42, 85]],
  [288, [0, 48, 96]],
  [320, [0, 53, 106]],
  [352, [0, 58, 117]],
])('the three squares of an image of 240 x 180 at %i start where the evaluation golden says', (scale, lefts) => {
  const squares = threeSquares(resize(scale)(coordinates(240, 180)));
  expect(squares.map(({ left }) => left)).toEqual(lefts);
  expect(squares.every(({ top, height, width }) => top === 0 && height === scale && width === scale)).toBe(true);
});

test('144 crops: per scale, per square four corners, middle, whole square, each with its mirror image', () => {
  const image = coordinates(240, 180);
  const crops = googlenetCrops(224)(image);
  expect(crops).toHaveLength(144);
  expect(crops.every(({ width, height }) => width === 224 && height === 224)).toBe(true);
  for (let i = 0; i < 144; i += 2) expect(crops[i + 1]?.data[0]).toBe(crops[i]?.data[223 * 3]);
  // The whole square of the first scale, resized: the sixth crop.
  const square = { ...resize(256)(image) };
  expect(crops[10]).toEqual(resize(224)(cut(square, 0, 256)));
  const portrait = googlenetCrops(224)(coordinates(180, 240));
  expect(portrait).toHaveLength(144);
});

function cut(image: Image, left: number, side: number): Image {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    data.set(image.data.subarray((y * image.width + left) * 3, (y * image.width + left + side) * 3), y * side * 3);
  return { data, width: side, height: side, channels: 3 };
}

test('a crop larger than the image is refused', () => {
  expect(() => fiveCrops(21)(coordinates(30, 20))).toThrow(/21 x 21.*30|20 x 30/);
  expect(() => gridCrops(21, 2)(coordinates(30, 20))).toThrow(RangeError);
  expect(() => googlenetCrops(224, { scales: [200] })).toThrow(/scales/);
});
