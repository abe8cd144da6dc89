/** The outputs of LeNet-5's layers as small pictures. */
import { element } from '../elements.js';
import { showBrightness, smallPicture } from '../pixels.js';
import { layers, type ShownLayer } from './layers.js';

/** A place for the pictures, and what fills it. */
export function layerPictures() {
  const rows = layers.map(layerRow);
  return {
    place: element('div', { class: 'layers' }, ...rows.map(({ row }) => row)),
    /** Without outputs the pictures are empty. */
    show(outputs: readonly ArrayLike<number>[]) {
      for (const [i, { fill }] of rows.entries()) fill(outputs[i] ?? []);
    },
  };
}

function layerRow({ name, what, maps, height, width }: ShownLayer) {
  const pictures = Array.from({ length: maps }, () => smallPicture(width, height));
  const size = maps > 1 ? `${height}x${width}x${maps}` : String(height * width);
  return {
    row: element(
      'section',
      {},
      element('h2', {}, `${name}: ${size}`),
      element('p', {}, what),
      element('div', { class: maps > 1 ? 'maps' : 'vector' }, ...pictures),
    ),
    fill(output: ArrayLike<number>) {
      let largest = 0;
      for (let i = 0; i < output.length; i++) largest = Math.max(largest, output[i] ?? 0);
      for (const [first, picture] of pictures.entries())
        showBrightness(picture, { values: output, stride: maps, first, largest });
    },
  };
}
