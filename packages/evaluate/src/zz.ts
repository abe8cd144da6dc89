import { writeFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { imageFolder, subset } from '@cnnzoo/data';
import { cifarResnet } from '@cnnzoo/resnet';
import { loadPretrained } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import * as E from './index.js';

registerOnnxBackend();
await tf.setBackend('onnx');
const n = Number(process.argv[2] ?? 10000);
const p = process.argv[3] ?? 'single';
const m = cifarResnet({ depth: 20 });
await loadPretrained(m, '/work/shared/data/cifar-resnets/resnet20-12fca82f.th');
const all = await imageFolder('/work/shared/data/cifar10-jpeg.zip', { root: 'test' });
const ds =
  n < all.length
    ? subset(
        all,
        Array.from({ length: n }, (_, i) => Math.floor((i * all.length) / n)),
      )
    : all;
const protocol = p === 'ten' ? E.tenCrop({ scale: 36 }) : E.singleCrop();
const t0 = performance.now();
const r = await E.evaluate(m, ds, { protocol });
console.log(
  p,
  n,
  'top1',
  r.top1,
  'top5',
  r.top5,
  'ece',
  r.calibrationError,
  'loss',
  r.loss,
  's',
  ((performance.now() - t0) / 1000).toFixed(1),
  'peak MB',
  (process.resourceUsage().maxRSS / 1024).toFixed(0),
);
if (process.argv[4]) {
  writeFileSync(`${process.argv[4]}.html`, await E.reportToHtml(r, ds));
  writeFileSync(`${process.argv[4]}.md`, E.reportToMarkdown(r));
  writeFileSync(`${process.argv[4]}.json`, E.reportToJson(r));
}
