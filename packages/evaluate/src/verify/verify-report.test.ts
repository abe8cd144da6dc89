import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchEvidence } from '../evidence/evidence.js';
import {
  type EvaluationReport,
  evaluate,
  type ImageAnswer,
  type LabelledImages,
  merge,
  reportFromJson,
  reportToJson,
  singleCrop,
  verifyReport,
} from '../index.js';
import { answerCounter } from '../report/answers.js';
import { reportOf } from '../report/report.js';
import { contradictionOf } from './compare-answers.js';
import { drawSample, sampleSize } from './sample.js';

const classes = 6;
const length = 10_000;
const categories = Array.from({ length: classes }, (_, i) => `class ${i}`);
const protocol = singleCrop({ transform: (image) => image });

/** A network whose logits are the pixels of an image of 1 row, times a weight. */
function echo(weight: number): LayersModel {
  const x = input({ shape: [1, classes, 1] });
  const flat = layers.flatten().apply(x) as SymbolicTensor;
  const dense = layers.dense({ units: classes, useBias: false });
  const network = makeModel({ inputs: x, outputs: dense.apply(flat) as SymbolicTensor, name: 'echo' });
  tf.tidy(() => network.setWeights([tf.mul(tf.eye(classes), weight)]));
  return network;
}

/** A number from 0 to 1 that an index always gives. */
const noise = (index: number) => (((Math.sin(index + 1) * 43_758.5453) % 1) + 1) % 1;

function images(changes: Partial<LabelledImages> = {}, shift = 0): LabelledImages {
  const labels = Array.from({ length }, (_, index) => Math.floor(classes * noise(index + 0.5)));
  return {
    length,
    categories,
    labels,
    get: (index) => ({
      image: {
        data: Float32Array.from(
          { length: classes },
          (_, i) => 4 * noise(index * classes + i) + (i === labels[index] ? 2 : 0) + (index === 0 ? shift : 0),
        ),
        width: classes,
        height: 1,
        channels: 1,
      },
      label: labels[index] ?? 0,
    }),
    ...changes,
  };
}

/** The same report with other answers, and with all that follows from them: figures and hashes. */
async function forged(
  report: EvaluationReport,
  change: (answer: ImageAnswer) => ImageAnswer,
): Promise<EvaluationReport> {
  const answers = (report.answers ?? []).map(change);
  const counter = answerCounter(classes, 5);
  counter.add(answers);
  const { part, evidence } = report;
  const batches = evidence.batches.map(({ index }) =>
    batchEvidence(index, answers.slice(index * part.batch, (index + 1) * part.batch)),
  );
  return reportOf({
    ...report,
    ...counter.counts(),
    answers,
    evidence: { ...evidence, batches: await Promise.all(batches) },
  });
}

/** An answer as it would be if the network were right. */
const madeRight = (answer: ImageAnswer): ImageAnswer => ({
  ...answer,
  guess: answer.label,
  place: 0,
  labelProbability: answer.probability,
});

let model: LayersModel;
let report: EvaluationReport;
let wrong: number[];
let tensors: number;
beforeAll(async () => {
  await tf.setBackend('cpu');
  model = echo(1);
  report = await evaluate(model, images(), { protocol, answers: true });
  wrong = (report.answers ?? []).filter(({ guess, label }) => guess !== label).map(({ index }) => index);
  tensors = tf.memory().numTensors;
});
afterAll(() => {
  expect(tf.memory().numTensors).toBe(tensors);
  model.dispose();
});

describe('the sample', () => {
  test('of 10,000 images with 1 % changed, less than 5 % find one with 99 %', () => {
    // Products of (N - K - i) / (N - i) in Python: 0.009983 after 448 images, 0.010212 after 447.
    expect(sampleSize(10_000, 0.01, 0.99)).toBe(448);
    expect(sampleSize(1000, 0.01, 0.99)).toBe(368);
    expect(sampleSize(50_000, 0.01, 0.99)).toBe(457);
    expect([sampleSize(1, 0.01, 0.99), sampleSize(50, 0.01, 0.99), sampleSize(10, 1, 0.99)]).toEqual([1, 50, 1]);
  });

  test('is drawn without replacement, and every image as often', async () => {
    const counts = new Array<number>(50).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      const sample = await drawSample(10, 50, String(seed));
      expect(new Set(sample).size).toBe(10);
      for (const index of sample) counts[index] = (counts[index] ?? 0) + 1;
    }
    // 400 each with a deviation of 18: the seeds are fixed, so the counts are.
    expect(Math.min(...counts)).toBeGreaterThan(320);
    expect(Math.max(...counts)).toBeLessThan(480);
  });

  test('finds 99 % of 1,000 forgeries', async () => {
    const size = sampleSize(length, 0.01, 0.99);
    let missed = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const changed = new Set(await drawSample(100, length, `forger ${seed}`));
      const sample = await drawSample(size, length, `verifier ${seed}`);
      if (!sample.some((index) => changed.has(index))) missed++;
    }
    // 10 are expected, with a deviation of 3.1: the seeds are fixed, so the count is.
    expect(missed).toBeLessThan(22);
  });
});

describe('a report', () => {
  test('that is true can be true, from JSON and merged of shards', async () => {
    const shards = await Promise.all(
      [1, 0].map((index) => evaluate(model, images(), { protocol, answers: true, shard: [index, 2] })),
    );
    for (const each of [report, reportFromJson(reportToJson(merge(shards)))]) {
      const { verdict, recomputed, seed } = await verifyReport(each, model, images(), { protocol });
      expect({ verdict, recomputed }).toEqual({ verdict: 'consistent', recomputed: 448 });
      expect(seed).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  test('in which 1 % of the answers were changed is found, and the image named', async () => {
    let found = 0;
    for (let seed = 0; seed < 25; seed++) {
      const changed = new Set((await drawSample(100, wrong.length, `forger ${seed}`)).map((at) => wrong[at]));
      const lie = await forged(report, (answer) => (changed.has(answer.index) ? madeRight(answer) : answer));
      expect(lie.top1).toBeCloseTo(report.top1 + 0.01, 9);
      const { verdict, contradictions } = await verifyReport(lie, model, images(), { protocol, seed: `${seed}` });
      // One in a hundred samples has none of the changed images.
      const sample = await drawSample(448, length, `${seed}`);
      expect(verdict).toBe(sample.some((index) => changed.has(index)) ? 'contradicted' : 'consistent');
      if (verdict === 'contradicted') found++;
      for (const { index, reason } of contradictions) {
        expect(changed.has(index ?? -1)).toBe(true);
        expect(reason).toMatch(/^the report (says|has) /);
      }
    }
    expect(found).toBeGreaterThanOrEqual(24);
  });

  test('whose figures or hashes are not those of its answers is found without the network', async () => {
    const [first, ...others] = report.answers ?? [];
    if (first === undefined) throw new Error('unreachable: there are answers');
    const cases: [Partial<EvaluationReport>, string][] = [
      [{ tally: { ...report.tally, top1: report.tally.top1 + 1 } }, 'its tally does not follow'],
      [{ mistakes: report.mistakes.slice(1) }, 'its mistakes does not follow'],
      [{ answers: [{ ...first, image: 'ab' }, ...others] }, 'the answers of batch 0 are not those of its hash'],
    ];
    for (const [changes, reason] of cases) {
      const { verdict, contradictions, recomputed } = await verifyReport({ ...report, ...changes }, model, images(), {
        protocol,
      });
      expect({ verdict, recomputed }).toEqual({ verdict: 'contradicted', recomputed: 0 });
      expect(contradictions[0]?.reason).toContain(reason);
    }
    const relabelled = await forged(report, (answer) =>
      answer.index === wrong[0] ? { ...answer, label: answer.guess, place: 0 } : answer,
    );
    expect((await verifyReport(relabelled, model, images(), { protocol })).contradictions).toMatchObject([
      { index: wrong[0], reason: expect.stringContaining('the report says that its label is') },
    ]);
  });

  test('of other weights, another protocol or other data is named by what differs', async () => {
    const other = echo(1.001);
    const brighter = singleCrop({ transform: (image) => ({ ...image, data: image.data.map((value) => value + 1) }) });
    const { labels } = images();
    const relabelled = {
      labels: Array.from(labels ?? [], (label, index) => (index === 7 ? (label + 1) % classes : label)),
    };
    const wholeSample = { protocol, confidence: 1 - 1e-9, changed: 1e-9 };
    for (const [what, reason, verification] of [
      ['weights', "the weights' hash is", verifyReport(report, other, images(), { protocol })],
      ['protocol', "the protocol's hash is", verifyReport(report, model, images(), { protocol: brighter })],
      ['data', "the data's hash is", verifyReport(report, model, images(relabelled), { protocol })],
      [
        'data',
        'number of images is 10000 in the report, here 5',
        verifyReport(report, model, images({ length: 5 }), { protocol }),
      ],
      ['data', 'image 0 has other pixels here', verifyReport(report, model, images({}, 1), wholeSample)],
    ] as const) {
      const { verdict, differences, contradictions } = await verification;
      expect(verdict).toBe('different');
      expect(contradictions).toEqual([]);
      expect(differences[0]).toMatchObject({ what, reason: expect.stringContaining(reason) });
    }
    other.dispose();
    const code = { ...report.evidence.code, backend: 'webgpu' };
    const elsewhere = await verifyReport({ ...report, evidence: { ...report.evidence, code } }, model, images(), {
      protocol,
    });
    expect(elsewhere).toMatchObject({
      verdict: 'consistent',
      differences: [{ what: 'code', reason: 'the backend is "webgpu" in the report, here "cpu"' }],
    });
  });

  test('without answers, or with wrong options, is refused before any work', async () => {
    await expect(verifyReport({ ...report, answers: null }, model, images(), { protocol })).rejects.toThrow(
      'report.answers is null, so nothing can be compared: evaluate with { answers: true }',
    );
    await expect(verifyReport(report, model, images(), { protocol, confidence: 1 })).rejects.toThrow(
      'confidence must be',
    );
    await expect(verifyReport(report, model, images(), { protocol, changed: 0 })).rejects.toThrow('changed must be');
  });
});

describe('rounding is no lie', () => {
  const said = { index: 0, image: '', label: 1, guess: 0, place: 1, probability: 0.5, labelProbability: 0.4 };
  test.each([
    ['as computed', {}, [0.5, 0.4, 0.1], null],
    ['0.5 % off', {}, [0.5025, 0.398, 0.0995], null],
    ['a near-tie the other way round', { probability: 0.45, labelProbability: 0.45 }, [0.4499, 0.4501, 0.1], null],
    ['2 % off', {}, [0.51, 0.39, 0.1], 'the report says 0.5000 for class 0, the network 0.5100'],
    ['another class', {}, [0.4, 0.5, 0.1], 'the report says class 0, the network class 1'],
    ['another place', { place: 0 }, [0.5, 0.4, 0.1], 'the report has class 1 at place 1, the network at place 2'],
    ['a loss that is too small', { labelProbability: 0.42 }, [0.5, 0.4, 0.1], 'the report says 0.4200 for class 1'],
    ['NaN that is none', { probability: null, labelProbability: null }, [0.5, 0.4, 0.1], 'the report says NaN'],
    ['a number that is NaN', {}, [Number.NaN, 0.4, 0.1], 'the network gives NaN'],
    ['probabilities of 0', { probability: 1, labelProbability: 0 }, [1, 0, 0], null],
  ])('%s', (_, changes, probabilities, expected) => {
    const found = contradictionOf({ ...said, ...changes }, Float64Array.from(probabilities));
    if (expected === null) expect(found).toBeNull();
    else expect(found).toContain(expected);
  });
});
