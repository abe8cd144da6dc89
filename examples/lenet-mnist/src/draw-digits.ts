import type { Image } from '@cnnzoo/transforms';

const shades = ' ░▒▓█';
/** MNIST's digits are in the middle 20 x 20 pixels, give or take. */
const margin = 3;

/** A grey image in lines of text. A character is twice as high as wide, so it stands for two pixels, one above the other. */
function drawDigit({ data, width, height }: Image): string[] {
  const grey = (x: number, y: number) => data[y * width + x] ?? 0;
  const lines: string[] = [];
  for (let y = margin; y + 1 < height - margin; y += 2) {
    let line = '';
    for (let x = margin; x < width - margin; x++) {
      const mean = (grey(x, y) + grey(x, y + 1)) / 2;
      line += shades[Math.min(Math.floor((mean / 256) * shades.length), shades.length - 1)];
    }
    lines.push(line);
  }
  return lines;
}

/** Images side by side, three in a row, each with a caption below it. */
export function drawDigits(digits: readonly { readonly image: Image; readonly caption: string }[]): string {
  const rows: string[] = [];
  for (let start = 0; start < digits.length; start += 3) {
    const row = digits.slice(start, start + 3).map(({ image, caption }) => [...drawDigit(image), caption]);
    const height = Math.max(...row.map((lines) => lines.length));
    for (let y = 0; y < height; y++)
      rows.push(
        row
          .map((lines) => (lines[y] ?? '').padEnd(25))
          .join(' ')
          .trimEnd(),
      );
    rows.push('');
  }
  return rows.join('\n');
}
