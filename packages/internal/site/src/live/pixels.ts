/** Numbers as pictures, and pictures as numbers. */
import { element } from './elements.js';

/** A map of brightnesses: 0 is black, `largest` and above white. */
export interface Brightness {
  readonly values: ArrayLike<number>;
  /** Between the values of neighbouring pixels: a map's channels stand side by side. */
  readonly stride: number;
  readonly first: number;
  readonly largest: number;
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('this browser gives no canvas to draw on');
  return context;
}

/** A canvas of one pixel a value, which style sheets enlarge. It says nothing to those who cannot see it: what it belongs to does. */
export function smallPicture(width: number, height: number): HTMLCanvasElement {
  return element('canvas', { width: String(width), height: String(height), class: 'pixels', 'aria-hidden': 'true' });
}

/** Shows brightnesses, row by row; pixels without a value are left clear. */
export function showBrightness(canvas: HTMLCanvasElement, { values, stride, first, largest }: Brightness): void {
  const context = contextOf(canvas);
  const pixels = context.createImageData(canvas.width, canvas.height);
  for (let pixel = 0; pixel < canvas.width * canvas.height; pixel++) {
    const value = values[first + pixel * stride];
    if (value === undefined) continue;
    const grey = largest > 0 ? (255 * value) / largest : 0;
    pixels.data.set([grey, grey, grey, 255], 4 * pixel);
  }
  context.putImageData(pixels, 0, 0);
}
