/**
 * Accuracy of CIFAR ResNets in float and in int8, on CIFAR-10's test images, calibrated on training images:
 *
 *     pnpm --filter @cnnzoo/bench int8-accuracy WEIGHTS.th DEPTH CIFAR10.zip [IMAGES] [FORM ...]
 *
 * WEIGHTS.th: akamaster's, of this depth. CIFAR10.zip: an archive of train/CLASS/NNNN.jpg and test/CLASS/NNNN.jpg. FORM: method,weights such as
 * percentile,int7; by default all. Weights of 8 bits show what saturating sums cost where `int8Products()` is 'saturating'.
 */
import { freeze, int8Products, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { DataLoader, type Dataset, imageFolder, subset } from '@cnnzoo/data';
import { type CalibrationMethod, quantize, type WeightBits } from '@cnnzoo/quantize';
import { cifarResnet } from '@cnnzoo/resnet';
import { evaluationTransform, preprocessings } from '@cnnzoo/transforms';
import { loadPretrained } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';

const [weights, depth, archive, count = '10000', ...wanted] = process.argv.slice(2);
if (weights === undefined || archive === undefined) throw new TypeError('expected WEIGHTS.th DEPTH CIFAR10.zip');

registerOnnxBackend();
await tf.setBackend('onnx');
const model = cifarResnet({ depth: Number(depth) as 20 | 32 });
await loadPretrained(model, weights);

/** Evenly spread: an archive is sorted by class. */
async function batchesOf(root: string, images: number): Promise<{ images: Float32Array; labels: Int32Array }[]> {
  const all: Dataset = await imageFolder(archive ?? '', { root });
  const number = Math.min(images, all.length);
  const indices = Array.from({ length: number }, (_, i) => Math.floor((i * all.length) / number));
  const transform = evaluationTransform(preprocessings.cifar);
  const loader = new DataLoader(subset(all, indices), { batchSize: 100, transform, shuffle: false, workers: 0 });
  const batches: { images: Float32Array; labels: Int32Array }[] = [];
  for await (const batch of loader.epoch(0)) {
    const values = batch.images.dataSync<'float32'>().slice();
    batches.push({ images: values, labels: batch.labels.dataSync<'int32'>().slice() });
    tf.dispose([batch.images, batch.labels]);
  }
  await loader.close();
  return batches;
}

const calibration = (await batchesOf('train', 500)).map(({ images }) => images);
const test = await batchesOf('test', Number(count));

function answers(run: (images: Float32Array) => Float32Array): number[] {
  return test.flatMap(({ images }) => {
    const scores = run(images);
    return Array.from({ length: scores.length / 10 }, (_, i) => {
      const row = scores.subarray(10 * i, 10 * i + 10);
      return row.indexOf(row.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY));
    });
  });
}

const labels = test.flatMap((batch) => [...batch.labels]);
const share = (found: readonly number[], expected: readonly number[]) =>
  (100 * found.filter((answer, i) => answer === expected[i]).length) / expected.length;

const float = freeze(model);
const floatAnswers = answers((images) => float.run(images));
float.dispose();
console.log(`sums of 8-bit products: ${int8Products()}`);
console.log(`float: ${share(floatAnswers, labels).toFixed(2)} % of ${labels.length}`);

const forms =
  wanted.length > 0 ? wanted : ['minmax,int8', 'minmax,int7', 'percentile,int8', 'percentile,int7', 'entropy,int7'];
for (const form of forms) {
  const [method, bits] = form.split(',') as [CalibrationMethod, WeightBits];
  const quantized = await quantize(model, calibration, { method, weights: bits });
  const frozen = freeze(quantized);
  const found = answers((images) => frozen.run(images));
  frozen.dispose();
  const loss = share(floatAnswers, labels) - share(found, labels);
  console.log(
    `${form}: ${share(found, labels).toFixed(2)} %, ${loss.toFixed(2)} points below, ${share(found, floatAnswers).toFixed(2)} % as float, ${quantized.model.length} bytes`,
  );
}
