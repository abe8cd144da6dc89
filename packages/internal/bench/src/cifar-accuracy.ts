/**
 * Accuracy, time and peak memory of ResNet-20 on CIFAR-10's test images:
 *
 *     pnpm --filter @cnnzoo/bench cifar-accuracy WEIGHTS.th CIFAR10.zip [IMAGES] [single | ten] [REPORT.html]
 *
 * WEIGHTS.th: akamaster's resnet20-12fca82f.th. CIFAR10.zip: an archive of test/CLASS/NNNN.jpg. One process a row, so that peak memory is
 * that row's.
 */
import { writeFile } from 'node:fs/promises';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { imageFolder, subset } from '@cnnzoo/data';
import { evaluate, reportToHtml, singleCrop, tenCrop } from '@cnnzoo/evaluate';
import { cifarResnet } from '@cnnzoo/resnet';
import { loadPretrained } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';

const [weights, archive, count = '10000', protocolName = 'single', page] = process.argv.slice(2);
if (weights === undefined || archive === undefined) throw new TypeError('expected WEIGHTS.th CIFAR10.zip');

registerOnnxBackend();
await tf.setBackend('onnx');
const model = cifarResnet({ depth: 20 });
await loadPretrained(model, weights);
const all = await imageFolder(archive, { root: 'test' });
const images = Math.min(Number(count), all.length);
// Evenly spread: an archive is sorted by class.
const indices = Array.from({ length: images }, (_, i) => Math.floor((i * all.length) / images));
const dataset = subset(all, indices);

const began = performance.now();
const peakMemory = () => Math.round(process.resourceUsage().maxRSS / 1024);
const peaks: number[] = [];
const report = await evaluate(model, dataset, {
  // At the network's own scale of 32 ten crops would be the same one ten times; 36 / 32 is nearly AlexNet's 256 / 224.
  protocol: protocolName === 'ten' ? tenCrop({ scale: 36 }) : singleCrop(),
  onEvent: ({ done }) => {
    if (done >= 1000 * (peaks.length + 1)) peaks.push(peakMemory());
  },
});
const seconds = (performance.now() - began) / 1000;
console.log(
  `${report.protocol}, ${report.count} images: top-1 ${(100 * report.top1).toFixed(2)} %, calibration error ${report.calibrationError.toFixed(4)}, ${seconds.toFixed(1)} s, peak memory ${peakMemory()} MiB (after each 1,000: ${peaks.join(', ')})`,
);
if (page !== undefined) await writeFile(page, await reportToHtml(report, dataset));
