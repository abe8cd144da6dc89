import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';

/** A ResNet: its residual blocks and how many of them each stage has. */
const architectures = {
  resnet18: { bottleneck: false, stages: [2, 2, 2, 2] },
  resnet50: { bottleneck: true, stages: [3, 4, 6, 3] },
} as const;

/**
 * A ResNet on 224x224x3, 1000 classes, in tfjs-layers' own layers, with torchvision's names and its symmetric padding (a padding
 * layer before what has stride 2; after a ReLU zeros are as good as -Infinity for max pooling). Returns logits.
 */
export function resnet(name: keyof typeof architectures): tfl.LayersModel {
  const { bottleneck, stages } = architectures[name];
  const input = tfl.input({ shape: [224, 224, 3] });
  let x = relu(normalized(input, 'conv1', 'bn1', 64, 7, 2)); // 112x112
  x = apply(tfl.layers.zeroPadding2d({ padding: 1 }), x);
  x = apply(tfl.layers.maxPooling2d({ poolSize: 3, strides: 2 }), x); // 56x56
  stages.forEach((count, stage) => {
    for (let block = 0; block < count; block++)
      x = residual(x, `layer${stage + 1}.${block}`, 64 * 2 ** stage, block === 0 && stage > 0 ? 2 : 1, bottleneck);
  });
  x = apply(tfl.layers.globalAveragePooling2d({}), x);
  x = apply(tfl.layers.dense({ name: 'fc', units: 1000, kernelInitializer: 'zeros' }), x);
  return tfl.model({ inputs: input, outputs: x, name });
}

function residual(x: SymbolicTensor, name: string, width: number, stride: number, bottleneck: boolean): SymbolicTensor {
  const filters = bottleneck ? 4 * width : width;
  let y: SymbolicTensor;
  if (bottleneck) {
    y = relu(normalized(x, `${name}.conv1`, `${name}.bn1`, width, 1, 1));
    y = relu(normalized(y, `${name}.conv2`, `${name}.bn2`, width, 3, stride));
    y = normalized(y, `${name}.conv3`, `${name}.bn3`, filters, 1, 1);
  } else {
    y = relu(normalized(x, `${name}.conv1`, `${name}.bn1`, width, 3, stride));
    y = normalized(y, `${name}.conv2`, `${name}.bn2`, filters, 3, 1);
  }
  const projects = stride !== 1 || x.shape[3] !== filters;
  const shortcut = projects ? normalized(x, `${name}.downsample.0`, `${name}.downsample.1`, filters, 1, stride) : x;
  return relu(tfl.layers.add().apply([y, shortcut]) as SymbolicTensor);
}

/** A convolution without bias, and batch norm. */
function normalized(
  x: SymbolicTensor,
  convolutionName: string,
  normName: string,
  filters: number,
  kernelSize: number,
  strides: number,
): SymbolicTensor {
  const padding = (kernelSize - 1) / 2;
  const padded = strides > 1 && padding > 0 ? apply(tfl.layers.zeroPadding2d({ padding }), x) : x;
  const convolution = tfl.layers.conv2d({
    name: convolutionName,
    filters,
    kernelSize,
    strides,
    padding: strides > 1 ? 'valid' : 'same',
    useBias: false,
    kernelInitializer: 'zeros',
  });
  const norm = tfl.layers.batchNormalization({ name: normName, epsilon: 1e-5, momentum: 0.9 });
  return apply(norm, apply(convolution, padded));
}

function relu(x: SymbolicTensor): SymbolicTensor {
  return apply(tfl.layers.activation({ activation: 'relu' }), x);
}

function apply(layer: tfl.layers.Layer, x: SymbolicTensor): SymbolicTensor {
  return layer.apply(x) as SymbolicTensor;
}
