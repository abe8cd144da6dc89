import { shown } from '@cnnzoo/checks';
import { integer } from './arguments.js';
import type { Shape } from './layer-spec.js';

/** Height, width and channels, or the length of a vector. @throws TypeError or RangeError naming the size that is none */
export function checkShape(name: string, shape: unknown): Shape {
  if (!Array.isArray(shape) || shape.length === 0) {
    throw new TypeError(`${name} must be [height, width, channels] or [features], got ${shown(shape)}`);
  }
  return shape.map((size, axis) => integer(`${name}[${axis}]`, size));
}
