import { check } from '@cnnzoo/checks';
import { percent, points, reportRule } from './format-sensitivity.js';
import type { SensitivityReport } from './sensitivity.js';

/** Lengths in pixels of the drawing. */
const [row, top, barLength, letter] = [18, 64, 360, 6.6];

/**
 * A report as a picture: a bar for each layer, from the image to the scores, as long as its error.
 * @param report of `sensitivity`
 * @returns the text of an SVG file
 * @throws TypeError where it is no report
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { drawSensitivity, type SensitivityReport } from '@cnnzoo/quantize';
 *
 * const draw = (report: SensitivityReport) => writeFile('sensitivity.svg', drawSensitivity(report));
 */
export function drawSensitivity(report: SensitivityReport): string {
  const { model, images, accuracy, all, layers } = check('report', report, reportRule);
  const left = 16 + letter * Math.max(...layers.map(({ layer }) => layer.length));
  const [width, height] = [left + barLength + 150, top + row * layers.length + 24];
  const most = Math.max(...layers.map(({ error }) => error));
  const bars = layers.map(({ layer, weights, error, loss }, i) => {
    const y = top + row * i;
    const length = most > 0 ? (barLength * error) / most : 0;
    const lost = points(loss) === '0.00' ? '' : `, ${points(Math.abs(loss))} points ${loss > 0 ? 'lost' : 'gained'}`;
    return [
      text(left - 8, y + 12, layer, 'end'),
      `<rect x="${fixed(left)}" y="${y + 2}" width="${fixed(length)}" height="${row - 5}" fill="${weights > 0 ? '#2b6cb0' : '#8fb4dc'}"/>`,
      text(left + length + 6, y + 12, `${percent(error)}${lost}`, 'start', '#57606a'),
    ].join('');
  });
  const facts = `${percent(accuracy)} of ${images.toLocaleString('en')} images right in float; all layers in int8 lose ${points(all.loss)} points, error ${percent(all.error)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${fixed(width)} ${height}" width="${fixed(width)}" height="${height}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="12">`,
    `<title>What each layer of ${escaped(model)} costs in int8</title>`,
    `<rect width="${fixed(width)}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="24" font-size="16" fill="#1f2933">What each layer of ${escaped(model)} costs in int8, alone: error of the scores</text>`,
    text(16, 44, facts, 'start', '#57606a'),
    ...bars,
    '</svg>\n',
  ].join('\n');
}

const fixed = (value: number) => String(Number(value.toFixed(1)));

function text(x: number, y: number, content: string, anchor: 'start' | 'end', fill = '#1f2933'): string {
  return `<text x="${fixed(x)}" y="${y}" text-anchor="${anchor}" fill="${fill}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
