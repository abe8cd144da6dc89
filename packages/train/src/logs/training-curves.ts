import { check, listOf, rule } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import type { EpochRecord } from '../loop/history.js';
import { drawPanel, escapeXml, type Series } from './chart.js';

interface NamedSeries extends Series {
  readonly name: string;
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
  const series = (pick: (record: Pick<EpochRecord, 'loss' | 'accuracy'>) => number): NamedSeries[] => {
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
    drawPanel({ left: 70, xLabel: 'epoch', yLabel: 'loss', series: losses }),
    drawPanel({ left: 520, xLabel: 'epoch', yLabel: 'accuracy, %', series: accuracies }),
    ...losses.map(
      ({ name, color }, i) =>
        `<path d="M${370 + 110 * i} 40h20" stroke="${color}" stroke-width="2"/><text x="${395 + 110 * i}" y="44">${name}</text>`,
    ),
    '</svg>\n',
  ].join('\n');
}
