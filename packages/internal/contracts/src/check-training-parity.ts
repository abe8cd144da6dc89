/**
 * Trains networks for 20 steps here and in PyTorch on the same batches, and prints the deviations beside those of PyTorch's own float32 from
 * its float64:
 *
 *   pnpm --filter @cnnzoo/contracts check-training-parity --python PROGRAM [--steps 20] [--learning-rate 0.001] [NETWORK…]
 *
 * The program is a Python with torch and safetensors.
 */
import { parseArgs } from 'node:util';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { type Deviation, parity } from '@cnnzoo/handover';
import * as tf from '@tensorflow/tfjs-core';
import { stepBatches, stepCases, stepRecipe } from './training-step-cases.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string' },
    steps: { type: 'string', default: '20' },
    'learning-rate': { type: 'string' },
    threads: { type: 'string' },
  },
});

const shown = ({ loss, gradientNorm, weights }: Deviation) =>
  [loss, gradientNorm, weights.all].map((value) => value.toExponential(1)).join(' ');

registerOnnxBackend();
await tf.setBackend('onnx');
console.log(
  'network: verdict; loss, gradient norm, weights of engine from torch | torch from float64 | engine from float64',
);
let wrong = 0;
for (const one of stepCases.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const model = one.build();
  const batches = stepBatches(model, one, Number(values.steps));
  const given = values['learning-rate'];
  const { certificate } = await parity(model, stepRecipe(one), {
    batches,
    ...(given !== undefined && { learningRate: Number(given) }),
    ...(values.python !== undefined && { python: values.python }),
    ...(values.threads !== undefined && { threads: Number(values.threads) }),
  });
  const { verdict, deviations } = certificate;
  const { engineFromTorch, torchFromFloat64, engineFromFloat64 } = deviations;
  console.log(
    `${one.name.padEnd(15)} ${verdict}; ${[engineFromTorch, torchFromFloat64, engineFromFloat64].map(shown).join(' | ')}`,
  );
  if (verdict === 'different') wrong++;
  tf.dispose(batches.flatMap(({ images, labels }) => [images, labels]));
  model.dispose();
}
process.exitCode = wrong === 0 ? 0 : 1;
