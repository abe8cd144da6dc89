/** The square on which a digit is drawn. */
import type { Image } from '@cnnzoo/transforms';
import { element } from '../elements.js';
import { contextOf } from '../pixels.js';

const side = 280;
/** Of the pen: what a digit of MNIST has, enlarged as the square is. */
const lineWidth = 24;

export interface Pad {
  readonly canvas: HTMLCanvasElement;
  /** Grey bytes. */
  read(): Image;
  clear(): void;
  /** Shows grey bytes of a smaller square. */
  show(pixels: ArrayLike<number>, width: number): void;
}

/** @param drawn told of each stroke's piece */
export function drawingPad(drawn: () => void): Pad {
  const canvas = element('canvas', {
    id: 'pad',
    width: String(side),
    height: String(side),
    role: 'img',
    'aria-label': 'Square to draw a digit on',
  });
  const context = contextOf(canvas);
  Object.assign(context, { lineWidth, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff' });
  const clear = () => {
    context.fillStyle = '#000';
    context.fillRect(0, 0, side, side);
  };
  /** Where the pen is, while it is down. */
  let pen: { readonly x: number; readonly y: number } | null = null;
  const drawTo = (event: PointerEvent) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const next = { x: ((event.clientX - left) * side) / width, y: ((event.clientY - top) * side) / height };
    context.beginPath();
    context.moveTo(pen?.x ?? next.x, pen?.y ?? next.y);
    context.lineTo(next.x, next.y);
    context.stroke();
    pen = next;
    drawn();
  };
  canvas.addEventListener('pointerdown', (event) => {
    // A stroke goes on outside of the square.
    canvas.setPointerCapture(event.pointerId);
    drawTo(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (pen !== null) drawTo(event);
  });
  for (const type of ['pointerup', 'pointercancel'])
    canvas.addEventListener(type, () => {
      pen = null;
    });
  clear();
  return {
    canvas,
    clear,
    read() {
      const { data } = context.getImageData(0, 0, side, side);
      return {
        data: Uint8Array.from({ length: side * side }, (_, i) => data[4 * i] ?? 0),
        width: side,
        height: side,
        channels: 1,
      };
    },
    show(pixels, width) {
      const small = new ImageData(width, pixels.length / width);
      for (let i = 0; i < pixels.length; i++) {
        const grey = pixels[i] ?? 0;
        small.data.set([grey, grey, grey, 255], 4 * i);
      }
      const copy = element('canvas', { width: String(small.width), height: String(small.height) });
      contextOf(copy).putImageData(small, 0, 0);
      context.drawImage(copy, 0, 0, side, side);
    },
  };
}
