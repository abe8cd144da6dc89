import type { EngineId } from './contenders.js';
import type { LayerSource, NetworkName, Work } from './protocol.js';

export interface Task {
  readonly id: string;
  readonly title: string;
  readonly work: Work;
  readonly engines: readonly EngineId[];
  /** Whose layers, where not everyone's. */
  readonly layers?: readonly LayerSource[];
  /** Of an epoch: how many images it has. The benchmark writes them. */
  readonly pictures?: number;
  /** Absent: steps are timed. Else this many steps are done, and memory is looked at on the way. */
  readonly memorySteps?: number;
}

/** tfjs's wasm backend lacks the gradient of filters; tfjs's cpu backend takes minutes for a step of a ResNet. */
const train: readonly EngineId[] = ['onnx', 'tfjs-node', 'pytorch'];
const predict: readonly EngineId[] = [
  'onnx-frozen',
  'onnx',
  'onnx-changing',
  'onnxruntime',
  'tfjs-node',
  'tfjs-wasm',
  'pytorch',
];

const predictTask = (network: NetworkName, name: string, size: number, batchSize = 1): Task => ({
  id: batchSize === 1 ? `${network}-predict` : `${network}-predict-${batchSize}`,
  title: `${name}, prediction, batch ${batchSize}, ${size}x${size}`,
  work: { network, mode: 'predict', batchSize, learningRate: 0 },
  engines: predict,
  layers: ['cnnzoo'],
});

/** Layers that tfjs-layers has not are in all of these. */
const trainTask = (network: NetworkName, name: string, size: number, batchSize: number): Task => ({
  id: `${network}-train`,
  title: `${name}, training step, batch ${batchSize}, ${size}x${size}`,
  // Small, so that rounding does not grow from step to step, and losses can be compared.
  work: { network, mode: 'train', batchSize, learningRate: 1e-5 },
  engines: ['onnx', 'pytorch'],
  layers: ['cnnzoo'],
});

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
  trainTask('cifar_resnet20', 'CIFAR ResNet-20', 32, 128),
  trainTask('vgg16', 'VGG-16', 224, 4),
  trainTask('googlenet', 'GoogLeNet with its heads', 224, 8),
  trainTask('inception_v3', 'Inception-v3 with its head', 299, 4),
  trainTask('alexnet_paper', 'AlexNet of 2012', 227, 32),
  {
    id: 'resnet50-head',
    title: 'ResNet-50, its head alone trained, batch 8, 224x224',
    work: { network: 'resnet50', mode: 'train', batchSize: 8, learningRate: 1e-3, trained: 'head' },
    engines: ['onnx', 'pytorch'],
    layers: ['cnnzoo'],
  },
  {
    id: 'cifar_resnet20-epoch',
    title: 'CIFAR ResNet-20, an epoch over 1,280 JPEG files with two loading workers, batch 128',
    work: { network: 'cifar_resnet20', mode: 'epoch', batchSize: 128, learningRate: 1e-5 },
    engines: ['onnx', 'pytorch'],
    layers: ['cnnzoo'],
    pictures: 1280,
  },
  predictTask('resnet18', 'ResNet-18', 224),
  predictTask('resnet50', 'ResNet-50', 224),
  predictTask('resnet50', 'ResNet-50', 224, 8),
  predictTask('vgg16', 'VGG-16', 224),
  predictTask('googlenet', 'GoogLeNet', 224),
  predictTask('inception_v3', 'Inception-v3', 299),
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
