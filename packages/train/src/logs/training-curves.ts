import { check, listOf, rule } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import type { EpochRecord } from '../loop/history.js';

interface Series {
  readonly name: string;
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const scoreRule = (value: unknown) =>
  isRecord(value) && typeof value['loss'] === 'number' && typeof value['accuracy'] === 'number';

/** What is drawn of a record. */
const curvePoint = rule<EpochRecord>(
  'a record of an epoch, with epoch, loss and accuracy',
  (value) =>
    isRecord(value) &&
    scoreRule(value) &&
    Number.isSafeInteger(value['epoch']) &&
    (value['validation'] === undefined || scoreRule(value['validation'])),
);

const width = 900;
const height = 340;
const panel = { width: 330, height: 230, top: 60 };

/**
 * Draws loss and accuracy of training and validation over the epochs.
 * @param epochs of the history that `train` gives back
 * @returns a self-contained SVG, 900 x 340; before the first epoch has ended, of axes without curves
 * @throws TypeError or RangeError naming the record and its field that is wrong
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { trainingCurves } from '@cnnzoo/train';
 *
 * await writeFile('curves.svg', trainingCurves(history.epochs, 'LeNet-5 on MNIST'));
 */
export function trainingCurves(epochs: readonly EpochRecord[], title = 'Training'): string {
  check('epochs', epochs, listOf(curvePoint));
  check(
    'title',
    title,
    rule<string>('a string', (value) => typeof value === 'string'),
  );
  const series = (pick: (record: Pick<EpochRecord, 'loss' | 'accuracy'>) => number): Series[] => {
    const points = epochs.map((record) => [record.epoch + 1, pick(record)] as const);
    const validation = epochs.flatMap(({ epoch, validation }) =>
      validation === undefined ? [] : [[epoch + 1, pick(validation)] as const],
    );
    return [
      { name: 'training', color: '#2563ab', points },
      { name: 'validation', color: '#d1495b', points: validation },
    ].filter(({ name, points }) => name === 'training' || points.length > 0);
  };
  const losses = series(({ loss }) => loss);
  const accuracies = series(({ accuracy }) => 100 * accuracy);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<title>${escapeXml(title)}: loss and accuracy over the epochs</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${width / 2}" y="24" text-anchor="middle" font-size="16">${escapeXml(title)}</text>`,
    drawPanel(70, 'loss', losses),
    drawPanel(520, 'accuracy, %', accuracies),
    ...losses.map(
      ({ name, color }, i) =>
        `<path d="M${370 + 110 * i} 40h20" stroke="${color}" stroke-width="2"/><text x="${395 + 110 * i}" y="44">${name}</text>`,
    ),
    '</svg>\n',
  ].join('\n');
}

function drawPanel(left: number, label: string, series: readonly Series[]): string {
  const points = series.flatMap(({ points }) => points.filter(([, y]) => Number.isFinite(y)));
  const [xTicks, yTicks] = [
    ticks(
      points.map(([x]) => x),
      true,
    ),
    ticks(
      points.map(([, y]) => y),
      false,
    ),
  ];
  const scale = (value: number, all: readonly number[], length: number) => {
    const [low = 0, high = 1] = [all[0], all.at(-1)];
    return ((value - low) / (high - low)) * length;
  };
  const x = (value: number) => (left + scale(value, xTicks, panel.width)).toFixed(1);
  const y = (value: number) => (panel.top + panel.height - scale(value, yTicks, panel.height)).toFixed(1);
  const right = left + panel.width;
  const bottom = panel.top + panel.height;
  return [
    ...yTicks.map(
      (tick) =>
        `<path d="M${left} ${y(tick)}H${right}" stroke="#ddd"/><text x="${left - 8}" y="${y(tick)}" dy="4" text-anchor="end">${tick}</text>`,
    ),
    ...xTicks.map((tick) => `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`),
    `<path d="M${left} ${panel.top}V${bottom}H${right}" stroke="#222" fill="none"/>`,
    `<text x="${left + panel.width / 2}" y="${bottom + 38}" text-anchor="middle">epoch</text>`,
    `<text transform="translate(${left - 50} ${panel.top + panel.height / 2}) rotate(-90)" text-anchor="middle">${label}</text>`,
    ...series.map(({ color, points: all }) => {
      // What is not finite has no place on the axis.
      const points = all.filter(([, value]) => Number.isFinite(value));
      const line = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
      const dots = points.map(([px, py]) => `<circle cx="${x(px)}" cy="${y(py)}" r="2.5" fill="${color}"/>`).join('');
      return `<path d="${line}" stroke="${color}" stroke-width="2" fill="none"/>${dots}`;
    }),
  ].join('\n');
}

/** Round numbers from below the smallest to above the largest value, about five. */
function ticks(values: readonly number[], whole: boolean): number[] {
  const low = values.length === 0 ? 0 : Math.min(...values);
  const high = values.length === 0 ? 1 : Math.max(...values);
  const rough = (high - low || Math.abs(high) || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? rough;
  const step = whole ? Math.max(1, Math.round(round)) : round;
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
