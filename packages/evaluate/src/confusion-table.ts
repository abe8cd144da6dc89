import { blues, colorAt } from './color-map.js';
import { escaped } from './escape-html.js';
import { toDataUrl } from './png.js';
import type { EvaluationReport } from './report.js';

/** Up to this many classes the matrix has numbers. */
const mostNumbers = 32;

/**
 * A confusion matrix as HTML: a table with numbers, or, of many classes, a picture with a pixel or more for each pair. Colours are
 * shares of a row's pictures, by their square root, so that rare confusions can be seen beside the diagonal.
 */
export async function confusionTable({ confusion, categories }: EvaluationReport): Promise<string> {
  const shares = confusion.map((row) => {
    const pictures = row.reduce((sum, value) => sum + value, 0);
    return row.map((count) => (pictures === 0 ? 0 : Math.sqrt(count / pictures)));
  });
  if (categories.length > mostNumbers) {
    const address = await toDataUrl(matrixPicture(shares));
    return `<img class="matrix" alt="confusion matrix of ${categories.length} classes" src="${address}">`;
  }
  const head = categories.map((category) => `<th scope="col"><span>${escaped(category)}</span>`).join('');
  const rows = confusion.map((row, label) => {
    const cells = row.map((count, guess) => {
      const share = shares[label]?.[guess] ?? 0;
      const ink = share > 0.55 ? ';color:#fff' : '';
      const frame = label === guess ? ' class="right"' : '';
      return `<td${frame} style="background:rgb(${colorAt(blues, share).join()})${ink}">${count === 0 ? '' : count}`;
    });
    return `<tr><th scope="row">${escaped(categories[label] ?? '')}${cells.join('')}`;
  });
  return `<table class="confusion"><thead><tr><th>${head}</thead><tbody>${rows.join('')}</tbody></table>`;
}

function matrixPicture(shares: readonly (readonly number[])[]) {
  const classes = shares.length;
  // Enough pixels that a browser does not have to enlarge it.
  const cell = Math.max(1, Math.floor(640 / classes));
  const side = classes * cell;
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      data.set(colorAt(blues, shares[Math.floor(y / cell)]?.[Math.floor(x / cell)] ?? 0), (y * side + x) * 3);
  return { data, width: side, height: side, channels: 3 };
}
