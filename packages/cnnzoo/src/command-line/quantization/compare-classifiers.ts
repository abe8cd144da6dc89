/** A classifier beside the same one in int8: what it costs, and what it gains. */
import { stat } from 'node:fs/promises';
import type { EvaluationReport } from '@cnnzoo/evaluate';
import { dataTypes } from '@cnnzoo/onnx-format';
import type { ImageClassifier } from '../../classifier/classifier.js';
import { readOnnxFile } from '../../onnx/onnx-file.js';
import { columnsOf } from '../columns.js';
import { fileSize } from '../numbers.js';
import { openClassifier } from '../open-classifier.js';
import type { Output } from '../output.js';

interface Side {
  readonly network: string;
  readonly top1: number;
  /** Between which the accuracy on all such images is, with 95 %. */
  readonly interval: readonly [number, number];
  readonly top5: number;
  readonly bytes: number;
  /** Of the network alone, for one image. */
  readonly milliseconds: number;
}

interface Comparison {
  readonly text: (output: Pick<Output, 'paint' | 'columns'>) => string;
  readonly data: {
    readonly float: Side;
    readonly int8: Side;
    /** Share of images of which both say the same. */
    readonly agreement: number;
    readonly worstClasses: readonly { readonly category: string; readonly float: number; readonly int8: number }[];
  };
}

/**
 * @param float and the ONNX file that it is of, if it is of one
 * @param quantized the file, and the options with which it is opened
 */
export async function compareClassifiers(
  { float, floatFile }: { readonly float: ImageClassifier; readonly floatFile: string | null },
  { file, source }: { readonly file: string; readonly source: Parameters<typeof openClassifier>[0] },
  images: string,
): Promise<Comparison> {
  const { network: _, ...options } = source;
  const int8 = await openClassifier({ ...options, model: file });
  try {
    const [exact, quantized] = [
      await float.evaluate(images, { answers: true }),
      await int8.evaluate(images, { answers: true }),
    ];
    const parameters = floatFile === null ? float.model.countParams() : await parametersOf(floatFile);
    const { size } = await stat(file);
    const [before, after] = await predictionTimes([float, int8]);
    const sides = [sideOf('float32', exact, 4 * parameters, before), sideOf('int8', quantized, size, after)] as const;
    const same = (exact.answers ?? []).filter(({ guess }, i) => quantized.answers?.[i]?.guess === guess).length;
    const agreement = same / exact.count;
    const worst = worstClasses(exact, quantized);
    return {
      text: (output) => textOf(sides, agreement, worst, output),
      data: { float: sides[0], int8: sides[1], agreement, worstClasses: worst },
    };
  } finally {
    await int8.dispose();
  }
}

/** Wherever they are. Whole numbers are shapes. */
async function parametersOf(file: string): Promise<number> {
  const { weights } = await readOnnxFile(file);
  const floats = [...weights.values()].filter(({ dataType }) => dataType !== dataTypes.int64);
  const sizes = floats.map(({ dims }) => dims.reduce((size, extent) => size * extent, 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function sideOf(network: string, report: EvaluationReport, bytes: number, milliseconds: number): Side {
  const { top1, top5, count } = report;
  return { network, top1, interval: wilson(top1, count), top5, bytes, milliseconds };
}

/** Wilson's interval of a share. */
function wilson(share: number, count: number): readonly [number, number] {
  const z = 1.96;
  const middle = share + z ** 2 / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  const whole = 1 + z ** 2 / count;
  return [(middle - half) / whole, (middle + half) / whole];
}

const turns = 5;
const runsOfTurn = 3;
/** Milliseconds of a turn that are not counted: threads of the network before spin for 20 to 40 ms after its last run, and take a processor. */
const othersSpin = 100;

/** Medians over turns. */
async function predictionTimes(classifiers: readonly [ImageClassifier, ImageClassifier]): Promise<[number, number]> {
  const started = async ({ network }: ImageClassifier) => ({
    predictor: await network.start(1),
    image: new Float32Array(network.inputShape.reduce((size, extent) => size * extent, 1)),
    times: Array.from<number>({ length: 0 }),
  });
  const runs = [await started(classifiers[0]), await started(classifiers[1])] as const;
  for (let turn = 0; turn < turns; turn++)
    for (const { predictor, image, times } of runs) {
      const warm = performance.now() + othersSpin;
      do await predictor.run(image);
      while (performance.now() < warm);
      for (let run = 0; run < runsOfTurn; run++) {
        const began = performance.now();
        await predictor.run(image);
        times.push(performance.now() - began);
      }
    }
  await Promise.all(runs.map(({ predictor }) => predictor.dispose()));
  const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
  return [median(runs[0].times), median(runs[1].times)];
}

/** The classes of which int8 finds the least of what float finds. */
function worstClasses(exact: EvaluationReport, quantized: EvaluationReport) {
  return exact.perClass
    .map(({ category, recall }, i) => ({ category, float: recall, int8: quantized.perClass[i]?.recall ?? Number.NaN }))
    .filter((each) => each.int8 < each.float)
    .sort((a, b) => a.int8 - a.float - (b.int8 - b.float))
    .slice(0, 5);
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

function textOf(
  sides: readonly [Side, Side],
  agreement: number,
  worst: Comparison['data']['worstClasses'],
  output: Pick<Output, 'paint' | 'columns'>,
): string {
  const table = columnsOf<Side>(
    [
      { title: 'network', cell: ({ network }) => network },
      { title: 'top-1', right: true, cell: ({ top1 }) => percent(top1) },
      { title: '95 % interval', right: true, cell: ({ interval }) => interval.map(percent).join(' to ') },
      { title: 'top-5', right: true, cell: ({ top5 }) => percent(top5) },
      { title: 'size', right: true, cell: ({ bytes }) => fileSize(bytes) },
      { title: 'ms an image', right: true, cell: ({ milliseconds }) => milliseconds.toFixed(2) },
    ],
    sides,
    output,
  );
  const [float, int8] = sides;
  return [
    table,
    '',
    `${percent(agreement)} of the images get the same answer; int8 is ${(float.milliseconds / int8.milliseconds).toFixed(2)} times as fast, and ${(float.bytes / int8.bytes).toFixed(1)} times as small.`,
    ...worst.map(
      (each) => `${each.category}: found ${percent(each.int8)} of the time, ${percent(each.float)} in float`,
    ),
  ].join('\n');
}
