import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { decode } from 'fast-png';
import '@tensorflow/tfjs-backend-cpu';
import { input, type LayersModel, layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type EvaluationReport,
  evaluate,
  type LabelledImages,
  merge,
  reportFromJson,
  reportToHtml,
  reportToJson,
  reportToMarkdown,
  singleCrop,
  toPng,
} from '../index.js';

/** A network whose logits are the pixels of an image of 1 row. */
function echo(classes: number): LayersModel {
  const x = input({ shape: [1, classes, 1] });
  return makeModel({ inputs: x, outputs: layers.flatten().apply(x) as SymbolicTensor, name: 'echo' });
}

/** Images whose pixels are numbers that depend on their index, labelled likewise. */
function images(length: number, classes: number): LabelledImages {
  const value = (i: number) => (Math.sin(i * 12.9898) * 43758.5453) % 1;
  return {
    length,
    categories: Array.from({ length: classes }, (_, i) => `class <${i}>`),
    get: (index) => ({
      image: {
        data: Float32Array.from({ length: classes }, (_, i) => 4 * value(index * classes + i)),
        width: classes,
        height: 1,
        channels: 1,
      },
      label: Math.abs(Math.floor(value(index + 0.5) * 1000)) % classes,
    }),
  };
}

const protocol = singleCrop({ transform: (image) => image });
/** A report without what depends on the clock. */
const timeless = (report: EvaluationReport) => ({
  ...report,
  millisecondsPerImage: 0,
  tally: { ...report.tally, milliseconds: 0 },
});

beforeAll(() => tf.setBackend('cpu'));

describe('shards', () => {
  test('merged in any order equal one run exactly', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.nat()),
        async (length, shards, batchSize, random) => {
          const [model, dataset] = [echo(7), images(length, 7)];
          const whole = await evaluate(model, dataset, { protocol, batchSize, answers: true });
          const parts: EvaluationReport[] = [];
          for (let i = 0; i < shards; i++)
            parts.push(await evaluate(model, dataset, { protocol, batchSize, answers: true, shard: [i, shards] }));
          const order = parts
            .map((part) => ({ part, key: random.next().value ?? 0 }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ part }) => part);
          // As from other machines, and merged step by step.
          const [first, ...others] = order.map((part) => reportFromJson(reportToJson(part)));
          const merged = others.reduce((sum, part) => merge([sum, part]), first as EvaluationReport);
          expect(timeless(merged)).toEqual(timeless(whole));
          expect(timeless(merge(order))).toEqual(timeless(whole));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('of one evaluation only, each once', async () => {
    const [model, dataset] = [echo(3), images(20, 3)];
    const run = (shard: [number, number], batchSize = 4) => evaluate(model, dataset, { protocol, batchSize, shard });
    const [a, b, otherBatch, third] = await Promise.all([run([0, 2]), run([1, 2]), run([1, 2], 5), run([1, 3])]);
    expect(() => merge([a, a])).toThrow('shard [0, 2] is there twice');
    expect(() => merge([a, third])).toThrow('shards must be of one number, got some of 2 and some of 3');
    expect(() => merge([a, otherBatch])).toThrow('reports[1] is of another evaluation: its images in a batch is 5');
    expect(() => merge([a, { ...b, protocol: 'ten crop' }])).toThrow(
      'reports[1] is of another evaluation: its protocol',
    );
    expect(() => merge([])).toThrow('reports must be at least one');
    expect(merge([a]).part.shards).toEqual([[0, 2]]);
    for (const shard of [
      [2, 2],
      [-1, 2],
      [0, 0],
      [0.5, 2],
    ] as const)
      await expect(run([...shard])).rejects.toThrow('shard must be [i, n]');
  });
});

test('calibration error of a network that is always sure and right half the time', async () => {
  const dataset: LabelledImages = {
    length: 10,
    categories: ['a', 'b'],
    get: (index) => ({
      image: { data: Float32Array.from([800, 0]), width: 2, height: 1, channels: 1 },
      label: index % 2,
    }),
  };
  const report = await evaluate(echo(2), dataset, { protocol });
  expect(report.calibrationError).toBeCloseTo(0.5, 6);
  // A probability of 0 has a finite loss.
  expect(report.loss).toBeGreaterThan(300);
  expect(report.mistakes[0]).toEqual({ index: 1, label: 1, guess: 0, probability: 1, labelProbability: 0 });
});

test('JSON that is no report is refused', async () => {
  const text = reportToJson(await evaluate(echo(3), images(5, 3), { protocol }));
  expect(reportFromJson(text).count).toBe(5);
  const wrong = (changes: object) => JSON.stringify({ ...JSON.parse(text), ...changes });
  for (const [bad, message] of [
    ['{', 'text is no JSON'],
    ['null', "report.format must be 'cnnzoo-evaluation-3', got undefined"],
    ['{}', "report.format must be 'cnnzoo-evaluation-3', got undefined"],
    [wrong({ confusion: [[1, 2]] }), 'report.confusion has 1 rows, expected 3, one a category'],
    [
      wrong({
        confusion: [
          [9, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ],
      }),
      'report.tally.count is 5, but confusion has 9 images',
    ],
    [wrong({ tally: {} }), 'report.tally.count must be an integer of at least 0, got undefined'],
    [wrong({ categories: 3 }), 'report.categories must be an array'],
    [wrong({ part: null }), 'report.part must be an object with images, batch, shards, got null'],
    [wrong({ models: null }), 'report.models must be an array'],
  ] as const)
    expect(() => reportFromJson(bad), bad).toThrow(message);
});

test('Markdown and the page say what was found, and that top-3 of 3 classes says nothing', async () => {
  const dataset = images(40, 3);
  const report = await evaluate(echo(3), dataset, { protocol });
  const markdown = reportToMarkdown(report);
  expect(markdown).toContain(`| top-1 accuracy | ${(100 * report.top1).toFixed(2)} % |`);
  expect(markdown).toContain('| top-3 accuracy | 100.00 %, which says nothing |');
  expect(markdown).not.toContain('top-5 accuracy');
  const page = await reportToHtml(report, dataset);
  expect(page).toContain('top-3 accuracy');
  expect(page).toContain('class &lt;2&gt;');
  expect(page).not.toContain('class <2>');
  expect(page.match(/<img /g)).toHaveLength(Math.min(24, report.mistakes.length));
  // Nothing is fetched.
  expect(page).not.toMatch(/(src|href)="(?!data:)|url\(|@import/);
  expect(await reportToHtml(report)).not.toContain('<img');
  await expect(reportToHtml(report, images(39, 3))).rejects.toThrow(
    'dataset has 39 images, the report is of one with 40',
  );
});

describe('the confusion matrix of many classes is an image', () => {
  /** Each image is taken for the class after its own. */
  async function matrixOf(classes: number) {
    const dataset: LabelledImages = {
      length: classes,
      categories: Array.from({ length: classes }, (_, i) => `class ${i}`),
      get: (index) => ({
        image: {
          data: Float32Array.from({ length: classes }, (_, i) => (i === (index + 1) % classes ? 9 : 0)),
          width: classes,
          height: 1,
          channels: 1,
        },
        label: index,
      }),
    };
    const page = await reportToHtml(await evaluate(echo(classes), dataset, { protocol }));
    const [, encoded = ''] = page.match(/class="matrix"[^>]*src="data:image\/png;base64,([^"]+)"/) ?? [];
    const { data, width, height } = decode(Buffer.from(encoded, 'base64'));
    const isDark = (x: number, y: number) => (data[(y * width + x) * 3] ?? 255) < 128;
    return { page, width, height, isDark };
  }

  test('a square for each pair', async () => {
    const { page, width, height, isDark } = await matrixOf(100);
    expect([width, height]).toEqual([600, 600]);
    expect(page).not.toContain('A square stands for');
    // Row 2, columns 2 and 3.
    expect([isDark(15, 15), isDark(21, 15)]).toEqual([false, true]);
  });

  test('or for several, so that each can be seen', async () => {
    const { page, width, height, isDark } = await matrixOf(1000);
    expect([width, height]).toEqual([600, 600]);
    expect(page).toContain('A square stands for 5 × 5 pairs: the strongest of them.');
    // Of row 0, and of row 4, which reaches over to the next square.
    expect([isDark(1, 1), isDark(4, 1), isDark(7, 1)]).toEqual([true, true, false]);
  });
});

test('PNGs hold the pixels', async () => {
  for (const channels of [1, 2, 3, 4]) {
    const image = { data: Uint8Array.from({ length: 6 * channels }, (_, i) => i * 9), width: 3, height: 2, channels };
    expect(decode(await toPng(image))).toMatchObject({ ...image, depth: 8 });
  }
  await expect(toPng({ data: new Uint8Array(5), width: 1, height: 1, channels: 5 })).rejects.toThrow('expected 1 to 4');
});
