export { blendWithImage, blendWithLuma, lumaSum, shiftHue, smooth } from './color';
export { mirrorRgb } from './flip';
export { columns, rowsGrey, rowsRgb, rowsRgba } from './resample';
export { histogramRgb, lookUp, lookUpRgb, normalize } from './tables';
export { bilinear, nearestAffine } from './warp';
