import { tf } from '../tfjs.js';
import { axisPadding, type Windows } from './window.js';

/** `x` [batch, height, width, channels] with `value` around height and width, as windows want it; `x` itself where they want nothing. */
export function padMap(x: tf.Tensor4D, [vertical, horizontal]: Windows, value: number): tf.Tensor4D {
  const [top, left] = [axisPadding(x.shape[1], vertical), axisPadding(x.shape[2], horizontal)];
  const around = [
    [0, 0],
    [top.before, top.after],
    [left.before, left.after],
    [0, 0],
  ] as [number, number][];
  return around.flat().some(Boolean) ? tf.pad(x, around, value) : x;
}
