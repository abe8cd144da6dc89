/**
 * A CIFAR ResNet in int8 after quantization-aware fine-tuning, beside one that was fine-tuned in float for as long:
 *
 *     pnpm --filter @cnnzoo/bench int8-fine-tuning WEIGHTS.th DEPTH CIFAR10.zip [STEPS] [IMAGES] [BITS]
 *
 * WEIGHTS.th and CIFAR10.zip: see int8-accuracy. The images are JPEG, which the network was not trained on: fine-tuning alone makes it better, so the float
 * network has to be fine-tuned, too.
 */
import { freeze } from '@cnnzoo/backend-onnx';
import { DataLoader } from '@cnnzoo/data';
import { crossEntropy } from '@cnnzoo/losses';
import { fakeQuantize, quantize, type WeightBits } from '@cnnzoo/quantize';
import { cosineDecay, type Loader, sgd, train } from '@cnnzoo/train';
import { evaluationTransform, preprocessings } from '@cnnzoo/transforms';
import { answersOf, cifarSubset, labelsOf, share } from './cifar-images.js';
import { cifarBench } from './cifar-setup.js';

const { archive, words, trained, calibration, testImages } = await cifarBench();
const [steps = '150', count = '10000', bits = 'int8'] = words;
const [batchSize, learningRate] = [128, 0.005];
const test = await testImages(Number(count));
const labels = labelsOf(test);
const dataset = await cifarSubset(archive, 'train', Number(steps) * batchSize);

const accuracyOf = (source: Parameters<typeof freeze>[0]) => {
  const frozen = freeze(source);
  const found = share(
    answersOf(test, (images) => frozen.run(images)),
    labels,
  );
  frozen.dispose();
  return found;
};

for (const rounding of [false, true]) {
  const model = await trained();
  const before = accuracyOf(model);
  const loader: Loader = new DataLoader(dataset, {
    batchSize,
    transform: evaluationTransform(preprocessings.cifar),
    shuffle: true,
    seed: 1,
    dropLast: true,
    workers: 0,
  });
  const quantization = rounding ? fakeQuantize(model, { weights: bits as WeightBits }) : null;
  const began = performance.now();
  await train(model, loader, {
    optimizer: sgd({ learningRate, momentum: 0.9, weightDecay: 1e-4 }),
    schedule: cosineDecay(),
    loss: crossEntropy,
    epochs: 1,
  });
  const seconds = (performance.now() - began) / 1000;
  quantization?.remove();
  const float = accuracyOf(model);
  const int8 = accuracyOf(await quantize(model, calibration, { method: 'percentile', weights: bits as WeightBits }));
  console.log(
    `${rounding ? 'rounded' : 'float'} fine-tuning of ${steps} steps, ${seconds.toFixed(0)} s: float ${before.toFixed(2)} % before, ${float.toFixed(2)} % after; ${bits} ${int8.toFixed(2)} % of ${labels.length}`,
  );
  model.dispose();
}
