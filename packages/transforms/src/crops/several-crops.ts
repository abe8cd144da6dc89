import { check, checkOptions, integer, listOf, optional, type Size2d, size2d, sizePair } from '@cnnzoo/checks';
import { type Box, centerBox, centerCropImage, cropImage, roundHalfToEven } from '../geometry/crop.js';
import { flipHorizontally } from '../geometry/flip.js';
import { resizeImage, shorterSide } from '../geometry/resize.js';
import { checkImage, type Image } from '../image/image.js';

/** A function from an image to several, whose predictions are averaged. */
export type SeveralCrops = (image: Image) => Image[];

/**
 * The four corners and the middle: top left, top right, bottom left, bottom right, middle.
 * @param size of each crop: a square's side, or [height, width]
 * @throws RangeError where a number is wrong; when run, where the crop is larger than the image
 * @example
 * import { fiveCrops } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(320 * 256 * 3), width: 320, height: 256, channels: 3 };
 * console.log(fiveCrops(224)(photo).length); // 5
 */
export function fiveCrops(size: Size2d): SeveralCrops {
  const [height, width] = sizePair(check('size', size, size2d<never>(1)));
  return (image) => {
    checkImage(image);
    const bottom = image.height - height;
    const right = image.width - width;
    return [
      cropImage(image, { top: 0, left: 0, height, width }),
      cropImage(image, { top: 0, left: right, height, width }),
      cropImage(image, { top: bottom, left: 0, height, width }),
      cropImage(image, { top: bottom, left: right, height, width }),
      centerCropImage(image, height, width),
    ];
  };
}

/**
 * AlexNet's ten crops: {@link fiveCrops} of the image, then of its mirror image (Krizhevsky et al. 2012, section 4.1).
 * @param size of each crop: a square's side, or [height, width]
 * @example
 * import { tenCrops } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(320 * 256 * 3), width: 320, height: 256, channels: 3 };
 * console.log(tenCrops(224)(photo).length); // 10
 */
export function tenCrops(size: Size2d): SeveralCrops {
  const five = fiveCrops(size);
  return (image) => [...five(image), ...five(flipHorizontally(image))];
}

/**
 * A regular grid of crops, row by row, each followed by its mirror image: VGG's multi-crop evaluation takes a grid of 5, which
 * is 50 crops per scale (Simonyan and Zisserman 2014, section 3.2).
 * @param size of each crop: a square's side, or [height, width]
 * @param grid crops per row and per column, at least 2
 * @example
 * import { gridCrops } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(320 * 256 * 3), width: 320, height: 256, channels: 3 };
 * console.log(gridCrops(224, 5)(photo).length); // 50
 */
export function gridCrops(size: Size2d, grid: number): SeveralCrops {
  const [height, width] = sizePair(check('size', size, size2d<never>(1)));
  check('grid', grid, integer(2));
  return (image) => {
    checkImage(image);
    const crops: Image[] = [];
    for (let row = 0; row < grid; row++)
      for (let column = 0; column < grid; column++) {
        const top = roundHalfToEven((row * (image.height - height)) / (grid - 1));
        const left = roundHalfToEven((column * (image.width - width)) / (grid - 1));
        const crop = cropImage(image, { top, left, height, width });
        crops.push(crop, flipHorizontally(crop));
      }
    return crops;
  };
}

/** The options of `googlenetCrops`. */
export interface GooglenetCropsOptions {
  /** Lengths of the shorter side. Default 256, 288, 320, 352. */
  readonly scales?: readonly number[];
}

/**
 * GoogLeNet's 144 crops: 4 scales, 3 squares of each (left, middle, right; of a portrait top, middle, bottom), 6 crops of each
 * square (the four corners, the middle, the whole square resized), each followed by its mirror image (Szegedy et al. 2014,
 * section 7).
 * @param size of each crop, a square's side. Default 224
 * @returns a function that takes the image at its own size, and resizes it itself
 * @example
 * import { googlenetCrops } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(320 * 256 * 3), width: 320, height: 256, channels: 3 };
 * console.log(googlenetCrops()(photo).length); // 144
 */
export function googlenetCrops(size = 224, options: GooglenetCropsOptions = {}): SeveralCrops {
  check('size', size, integer(1));
  const { scales = [256, 288, 320, 352] } = checkOptions<GooglenetCropsOptions>('googlenetCrops', options, {
    scales: optional(listOf(integer(size), 1)),
  });
  const five = fiveCrops(size);
  return (image) => {
    checkImage(image);
    return scales.flatMap((scale) => {
      const [height, width] = shorterSide(image, scale);
      const resized = resizeImage(image, height, width, 'bilinear');
      return threeSquares(resized)
        .map((box) => cropImage(resized, box))
        .flatMap((square) => [...five(square), resizeImage(square, size, size, 'bilinear')])
        .flatMap((crop) => [crop, flipHorizontally(crop)]);
    });
  };
}

/** The first, middle and last square along the longer side of an image. */
export function threeSquares(image: Image): readonly [Box, Box, Box] {
  const side = Math.min(image.width, image.height);
  const square = { height: side, width: side };
  return [
    { top: 0, left: 0, ...square },
    centerBox(image, side, side),
    { top: image.height - side, left: image.width - side, ...square },
  ];
}
