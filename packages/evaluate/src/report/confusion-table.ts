import { blues, colorAt } from '../maps/color-map.js';
import { toDataUrl } from '../maps/png.js';
import { html, type Markup } from './markup.js';
import type { EvaluationReport } from './report.js';

/** Up to this many classes the matrix has numbers. */
const mostNumbers = 32;

/** Length of an image's side in pixels, and of a square's that can still be seen. */
const imageSide = 640;
const smallestSquare = 3;

/**
 * A confusion matrix as HTML: a table with numbers, or, of many classes, an image with a square for each pair, or for each block of
 * pairs; the strongest pair counts. Colours are shares of a row's images, by their square root, so that rare confusions can be seen
 * beside the diagonal.
 */
export async function confusionTable({ confusion, categories }: EvaluationReport): Promise<Markup> {
  const shares = confusion.map((row) => {
    const images = row.reduce((sum, value) => sum + value, 0);
    return row.map((count) => (images === 0 ? 0 : Math.sqrt(count / images)));
  });
  if (categories.length > mostNumbers) {
    const block = Math.ceil(categories.length / Math.floor(imageSide / smallestSquare));
    const address = await toDataUrl(matrixImage(strongestOfBlocks(shares, block)));
    const [first = '', last = ''] = [categories[0], categories.at(-1)];
    const squares = block === 1 ? '' : ` A square stands for ${block} × ${block} pairs: the strongest of them.`;
    return html`<p class="hint">From ‘${first}’ at the top left to ‘${last}’.${squares}</p>
<img class="matrix" alt="confusion matrix of ${categories.length} classes" src="${address}">`;
  }
  const head = categories.map((category) => html`<th scope="col"><span>${category}</span>`);
  const rows = confusion.map((row, label) => {
    const cells = row.map((count, guess) => {
      const share = shares[label]?.[guess] ?? 0;
      const ink = share > 0.55 ? ';color:#fff' : '';
      const frame = label === guess ? 'right' : 'wrong';
      return html`<td class="${frame}" style="background:rgb(${colorAt(blues, share).join()})${ink}">${count === 0 ? '' : count}`;
    });
    return html`<tr><th scope="row">${categories[label] ?? ''}${cells}`;
  });
  return html`<table class="confusion"><thead><tr><th>${head}</thead><tbody>${rows}</tbody></table>`;
}

function strongestOfBlocks(shares: readonly (readonly number[])[], block: number): number[][] {
  const blocks = Math.ceil(shares.length / block);
  const strongest = Array.from({ length: blocks }, () => new Array<number>(blocks).fill(0));
  for (const [label, row] of shares.entries())
    for (const [guess, share] of row.entries()) {
      const into = strongest[Math.floor(label / block)] ?? [];
      const column = Math.floor(guess / block);
      into[column] = Math.max(into[column] ?? 0, share);
    }
  return strongest;
}

function matrixImage(shares: readonly (readonly number[])[]) {
  // Enough pixels that a browser does not have to enlarge it.
  const square = Math.floor(imageSide / shares.length);
  const side = shares.length * square;
  const data = new Uint8Array(side * side * 3);
  for (const [row, columns] of shares.entries()) {
    const top = row * square * side * 3;
    for (const [column, share] of columns.entries()) {
      const color = colorAt(blues, share);
      for (let x = column * square; x < (column + 1) * square; x++) data.set(color, top + x * 3);
    }
    for (let y = 1; y < square; y++) data.copyWithin(top + y * side * 3, top, top + side * 3);
  }
  return { data, width: side, height: side, channels: 3 };
}
