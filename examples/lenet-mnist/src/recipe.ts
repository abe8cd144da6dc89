import { cosineDecay, sgd } from '@cnnzoo/train';
import { compose, normalize, pad, toTensor } from '@cnnzoo/transforms';

/** How LeNet-5 is trained here: table 6-1 of the lecture, three times through MNIST. */
export const recipe = {
  epochs: 3,
  batchSize: 128,
  optimizer: () => sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4 }),
  schedule: cosineDecay(),
  /** 28x28 grey bytes to 32x32 floats of mean 0 and deviation 1 over the training set. */
  transform: compose([pad(2), toTensor(), normalize([0.1307], [0.3081])]),
} as const;
