/**
 * How long calibration takes, beside the prediction of the same images, in turns, and what memory it leaves. Threads of the network before spin for 20 to 40 ms
 * after its last run, and take a processor: each turn begins after a pause.
 *
 *     pnpm --filter @cnnzoo/bench int8-calibration [NETWORK] [IMAGES] [METHOD,...]
 */
import { freeze, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { type CalibrationMethod, quantize } from '@cnnzoo/quantize';
import * as tf from '@tensorflow/tfjs-core';
import { createModel, type ModelId } from 'cnnzoo';

const [network = 'resnet50', count = '100', methods = 'minmax,percentile,entropy'] = process.argv.slice(2);
const batchSize = 10;
registerOnnxBackend();
await tf.setBackend('onnx');
const model = createModel(network as ModelId, { seed: 1 });
/** Of other sizes of values, so that histograms have to grow as those of photographs do. */
const batchesOfImages = [1, 1.5, 1.2, 2, 0.8, 2.5, 1.7].map((factor) =>
  Float32Array.from({ length: batchSize * 224 * 224 * 3 }, (_, i) => factor * Math.sin(i * 0.37)),
);
const frozen = freeze(model);
for (const images of batchesOfImages) frozen.run(images);

const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);

for (const method of methods.split(',') as CalibrationMethod[]) {
  let [predicting, calibrating, pulled] = [0, 0, 0];
  const memory: number[] = [];
  const batches = function* () {
    for (let done = 0; done < Number(count); done += batchSize) {
      // The first batch makes the arrays that all others are read into.
      if (done > batchSize) calibrating += performance.now() - pulled;
      const images = batchesOfImages[(done / batchSize) % batchesOfImages.length] ?? new Float32Array();
      pause();
      const started = performance.now();
      frozen.run(images);
      if (done > 0) predicting += performance.now() - started;
      memory.push(process.memoryUsage().rss / 2 ** 20);
      pause();
      pulled = performance.now();
      yield images;
    }
    calibrating += performance.now() - pulled;
    pulled = performance.now();
  };
  await quantize(model, batches(), { method });
  const atEnd = performance.now() - pulled;
  const [half = 0, last = 0] = [memory[memory.length >> 1], memory.at(-1)];
  console.log(
    `${network}, ${method}: ${(calibrating / predicting).toFixed(2)} times as long as predicting ${count} images (${(predicting / 1000).toFixed(1)} s), and ${(atEnd / 1000).toFixed(1)} s at the end; memory ${half.toFixed(0)} MiB after a half, ${last.toFixed(0)} MiB at the end`,
  );
}
