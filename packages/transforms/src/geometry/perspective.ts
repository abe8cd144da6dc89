import { check, checkOptions, type Rule, rule, shown } from '@cnnzoo/checks';
import { pair } from '../arguments.js';
import type { Image } from '../image/image.js';
import { defineTransform, type Transform } from '../transform.js';
import { type PerspectiveMatrix, type WarpOptions, warp, warpRules } from './warp.js';

/** A point [x, y] in pixels. */
export type Point = readonly [x: number, y: number];

/** Four corners: top left, top right, bottom right, bottom left. */
export type Corners = readonly [Point, Point, Point, Point];

const cornersRule: Rule<Corners> = /* @__PURE__ */ (() => {
  const { fault } = pair('a point [x, y]');
  return rule<Corners>(
    'four points [x, y] of finite numbers',
    (value) =>
      Array.isArray(value) && value.length === 4 && value.every((point) => !(fault('', point) instanceof TypeError)),
    (value) => value.every((point) => fault('', point) === null),
  );
})();

/**
 * Looks at an image from another side, as torchvision's perspective: what was at the start points is at the end points.
 * @throws RangeError where no perspective does that, three of the points being on a line
 * @example
 * import { perspective } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const corners = [[0, 0], [63, 0], [63, 47], [0, 47]] as const;
 * perspective(corners, [[4, 2], [60, 0], [63, 47], [0, 40]])(photo);
 */
export function perspective(startPoints: Corners, endPoints: Corners, options: WarpOptions = {}): Transform {
  check('startPoints', startPoints, cornersRule);
  check('endPoints', endPoints, cornersRule);
  checkOptions<WarpOptions>('perspective', options, warpRules);
  const matrix = perspectiveMatrix(startPoints, endPoints);
  return defineTransform('perspective', [startPoints, endPoints, options], (image) =>
    warp(image, image.height, image.width, matrix, options),
  );
}

export function perspectiveImage(image: Image, start: Corners, end: Corners, options: WarpOptions): Image {
  return warp(image, image.height, image.width, perspectiveMatrix(start, end), options);
}

/** The matrix that takes the end points to the start points: 8 equations, 8 unknowns, by Gaussian elimination. */
function perspectiveMatrix(start: Corners, end: Corners): PerspectiveMatrix {
  const rows: number[][] = [];
  for (const [index, [x, y]] of end.entries()) {
    const [u, v] = start[index] ?? [Number.NaN, Number.NaN];
    rows.push([x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]);
  }
  for (let pivot = 0; pivot < 8; pivot++) {
    const rest = rows.slice(pivot);
    const largest = rest.reduce((a, b) => (Math.abs(b[pivot] ?? 0) > Math.abs(a[pivot] ?? 0) ? b : a));
    if (Math.abs(largest[pivot] ?? 0) < 1e-9)
      throw new RangeError(`three of the points are on a line: ${shown(start)}, ${shown(end)}`);
    rows.splice(rows.indexOf(largest), 1);
    rows.splice(pivot, 0, largest);
    for (const row of rows) {
      if (row === largest) continue;
      const factor = (row[pivot] ?? 0) / (largest[pivot] ?? 1);
      for (let column = pivot; column < 9; column++) row[column] = (row[column] ?? 0) - factor * (largest[column] ?? 0);
    }
  }
  // torchvision hands the coefficients on as float32.
  const solution = rows.map((row, index) => Math.fround((row[8] ?? 0) / (row[index] ?? 1)));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = solution;
  return [a, b, c, d, e, f, g, h];
}
