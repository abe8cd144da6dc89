import * as layers from '@tensorflow/tfjs-layers';

/** LeNet-5 with ReLU and max pooling on 32x32x1, 10 classes, in tfjs-layers' own layers. Returns logits. */
export function lenet5(): layers.LayersModel {
  const convolution = (name: string, filters: number) =>
    layers.layers.conv2d({ name, filters, kernelSize: 5, activation: 'relu', kernelInitializer: 'zeros' });
  const linear = (name: string, units: number, activation: 'relu' | 'linear') =>
    layers.layers.dense({ name, units, activation, kernelInitializer: 'zeros' });
  return layers.sequential({
    layers: [
      layers.layers.inputLayer({ inputShape: [32, 32, 1] }),
      convolution('conv1', 6), // 28x28
      layers.layers.maxPooling2d({ poolSize: 2 }), // 14x14
      convolution('conv2', 16), // 10x10
      layers.layers.maxPooling2d({ poolSize: 2 }), // 5x5
      layers.layers.flatten(),
      linear('fc1', 120, 'relu'),
      linear('fc2', 84, 'relu'),
      linear('fc3', 10, 'linear'),
    ],
  });
}
