/**
 * Accuracy of CIFAR ResNets in float and in int8, on CIFAR-10's test images, calibrated on training images:
 *
 *     pnpm --filter @cnnzoo/bench int8-accuracy WEIGHTS.th DEPTH CIFAR10.zip [IMAGES] [FORM ...]
 *
 * WEIGHTS.th: akamaster's, of this depth. CIFAR10.zip: an archive of train/CLASS/NNNN.jpg and test/CLASS/NNNN.jpg. FORM: method,weights such as
 * percentile,int7, and after them tensor (one scale for all channels), equalize and correctBias as wanted; by default all methods. Weights of 8 bits show what
 * saturating sums cost where `int8Products()` is 'saturating'.
 */
import { freeze, int8Products } from '@cnnzoo/backend-onnx';
import { type CalibrationMethod, quantize, type WeightBits } from '@cnnzoo/quantize';
import { answersOf, labelsOf, share } from './cifar-images.js';
import { cifarBench } from './cifar-setup.js';

const { words, trained, calibration, testImages } = await cifarBench();
const [count = '10000', ...wanted] = words;
const model = await trained();
const test = await testImages(Number(count));
const labels = labelsOf(test);

const float = freeze(model);
const floatAnswers = answersOf(test, (images) => float.run(images));
float.dispose();
console.log(`sums of 8-bit products: ${int8Products()}`);
console.log(`float: ${share(floatAnswers, labels).toFixed(2)} % of ${labels.length}`);

const forms =
  wanted.length > 0 ? wanted : ['minmax,int8', 'minmax,int7', 'percentile,int8', 'percentile,int7', 'entropy,int7'];
for (const form of forms) {
  const [method, weights, ...others] = form.split(',') as [CalibrationMethod, WeightBits, ...string[]];
  const [perTensor, equalize, correctBias] = ['tensor', 'equalize', 'correctBias'].map((each) => others.includes(each));
  const quantized = await quantize(model, calibration, {
    ...{ method, weights, perChannel: perTensor !== true },
    ...{ equalize: equalize === true, correctBias: correctBias === true },
  });
  const frozen = freeze(quantized);
  const found = answersOf(test, (images) => frozen.run(images));
  frozen.dispose();
  const loss = share(floatAnswers, labels) - share(found, labels);
  console.log(
    `${form}: ${share(found, labels).toFixed(2)} %, ${loss.toFixed(2)} points below, ${share(found, floatAnswers).toFixed(2)} % as float, ${quantized.model.length} bytes`,
  );
}
