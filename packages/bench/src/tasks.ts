import type { EngineId } from './contenders.js';
import type { Work } from './protocol.js';

export interface Task {
  readonly id: string;
  readonly title: string;
  readonly work: Work;
  readonly engines: readonly EngineId[];
  /** Absent: steps are timed. Else so many steps are done, and memory is looked at on the way. */
  readonly memorySteps?: number;
}

/** tfjs's wasm backend lacks the gradient of filters; tfjs's cpu backend takes minutes for a step of a ResNet. */
const train: readonly EngineId[] = ['onnx', 'tfjs-node', 'pytorch'];
const predict: readonly EngineId[] = ['onnx', 'tfjs-node', 'tfjs-wasm', 'pytorch'];

export const tasks: readonly Task[] = [
  {
    id: 'lenet5-train',
    title: 'LeNet-5, training step, batch 128, 32x32',
    work: { network: 'lenet5', mode: 'train', batchSize: 128, learningRate: 0.001 },
    engines: [...train, 'tfjs-cpu'],
  },
  {
    id: 'resnet18-train',
    title: 'ResNet-18, training step, batch 8, 224x224',
    work: { network: 'resnet18', mode: 'train', batchSize: 8, learningRate: 0.001 },
    engines: train,
  },
  {
    id: 'resnet50-train',
    title: 'ResNet-50, training step, batch 4, 224x224',
    // At batch 4 a larger step multiplies rounding errors so much that losses could not be compared.
    work: { network: 'resnet50', mode: 'train', batchSize: 4, learningRate: 1e-5 },
    engines: train,
  },
  {
    id: 'resnet18-predict',
    title: 'ResNet-18, model.predict, batch 1, 224x224',
    work: { network: 'resnet18', mode: 'predict', batchSize: 1, learningRate: 0 },
    engines: predict,
  },
  {
    id: 'resnet50-predict',
    title: 'ResNet-50, model.predict, batch 1, 224x224',
    work: { network: 'resnet50', mode: 'predict', batchSize: 1, learningRate: 0 },
    engines: predict,
  },
  {
    id: 'lenet5-memory',
    title: 'LeNet-5, 5,000 training steps, batch 128, each 100th of 96',
    work: {
      network: 'lenet5',
      mode: 'train',
      batchSize: 128,
      learningRate: 0.001,
      partialBatch: { every: 100, size: 96 },
    },
    engines: ['onnx'],
    memorySteps: 5000,
  },
];
