/**
 * A network of tfjs-converter in three ways, in turns: `model.predict` settled on constant weights, `freeze(model)`, and onnxruntime
 * itself on `exportOnnx(model)`. `pnpm --filter @cnnzoo/bench graph-model [ROUNDS]` prints times and the median of the ratios.
 */
import { exportOnnx, freeze, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { goldenInput } from '@cnnzoo/testing';
import { shippedGraphModel } from '@cnnzoo/testing/shipped-graph-model';
import * as tf from '@tensorflow/tfjs-core';
import { markdownTable } from 'markdown-table';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { median } from './statistics.js';

const rounds = Number(process.argv[2] ?? 200);
/** Predictions before counting begins: the engine settles, and V8 compiles what runs often. */
const warmUp = 60;

registerOnnxBackend();
await tf.setBackend('onnx');
const model = await shippedGraphModel();
const frozen = freeze(model);
const session = await InferenceSession.create(exportOnnx(model));
const pixels = goldenInput(1, 3, 224, 224);
const x = tf.tensor4d(pixels, [1, 224, 224, 3]);
const input = new Tensor('float32', pixels, [1, 224, 224, 3]);
const [name = ''] = session.inputNames;

const ways = {
  'model.predict, settled': () => tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync()),
  'freeze(model).run': () => frozen.run(pixels),
  'onnxruntime on exportOnnx(model)': () => session.run({ [name]: input }),
};

/** Every order of the ways: a session's threads wait for more work by spinning, which slows whoever comes next. */
const orders = [0, 1, 2].flatMap((first) => [
  [first, (first + 1) % 3, (first + 2) % 3],
  [first, (first + 2) % 3, (first + 1) % 3],
]);
const runs = Object.values(ways);
const times = runs.map((): number[] => []);
for (let round = -warmUp; round < rounds; round++)
  for (const way of orders[(round + warmUp) % orders.length] ?? []) {
    const start = performance.now();
    await runs[way]?.();
    if (round >= 0) times[way]?.push(performance.now() - start);
  }

const ratio = (a: number, b: number) =>
  median((times[a] ?? []).map((time, round) => time / (times[b]?.[round] ?? Number.NaN))).toFixed(3);
console.log(
  markdownTable([
    ['MobileNetV2 of nsfwjs, one image', 'median ms'],
    ...Object.keys(ways).map((way, i) => [way, median(times[i] ?? []).toFixed(2)]),
  ]),
);
console.log(`\nsettled / frozen ${ratio(0, 1)}, frozen / onnxruntime ${ratio(1, 2)} (${rounds} rounds, in turns)`);
