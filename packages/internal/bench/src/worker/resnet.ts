import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { input, layers, model } from '@tensorflow/tfjs-layers';

/** A ResNet: its residual blocks and how many of them each stage has. */
const architectures = {
  resnet18: { bottleneck: false, stages: [2, 2, 2, 2] },
  resnet50: { bottleneck: true, stages: [3, 4, 6, 3] },
} as const;

/** A ResNet on 224x224x3, 1000 classes, in tfjs-layers' own layers, with torchvision's names and padding. Returns logits. */
export function resnet(name: keyof typeof architectures): LayersModel {
  const { bottleneck, stages } = architectures[name];

  const residual = (x: SymbolicTensor, block: string, width: number, stride: number): SymbolicTensor => {
    const filters = bottleneck ? 4 * width : width;
    let y: SymbolicTensor;
    if (bottleneck) {
      y = relu(normalized(x, `${block}.conv1`, `${block}.bn1`, width, 1, 1));
      y = relu(normalized(y, `${block}.conv2`, `${block}.bn2`, width, 3, stride));
      y = normalized(y, `${block}.conv3`, `${block}.bn3`, filters, 1, 1);
    } else {
      y = relu(normalized(x, `${block}.conv1`, `${block}.bn1`, width, 3, stride));
      y = normalized(y, `${block}.conv2`, `${block}.bn2`, filters, 3, 1);
    }
    const projects = stride !== 1 || x.shape[3] !== filters;
    const shortcut = projects ? normalized(x, `${block}.downsample.0`, `${block}.downsample.1`, filters, 1, stride) : x;
    return relu(layers.add().apply([y, shortcut]) as SymbolicTensor);
  };

  const images = input({ shape: [224, 224, 3] });
  let x = relu(normalized(images, 'conv1', 'bn1', 64, 7, 2)); // 112x112
  // After a ReLU zeros are as good as -Infinity.
  x = apply(layers.maxPooling2d({ poolSize: 3, strides: 2 }), apply(layers.zeroPadding2d({ padding: 1 }), x)); // 56x56
  stages.forEach((count, stage) => {
    for (let block = 0; block < count; block++)
      x = residual(x, `layer${stage + 1}.${block}`, 64 * 2 ** stage, block === 0 && stage > 0 ? 2 : 1);
  });
  x = apply(layers.globalAveragePooling2d({}), x);
  x = apply(layers.dense({ name: 'fc', units: 1000, kernelInitializer: 'zeros' }), x);
  return model({ inputs: images, outputs: x, name });
}

/** A convolution without bias, padded by half the kernel on each side, and batch norm. */
function normalized(
  x: SymbolicTensor,
  convolutionName: string,
  normName: string,
  filters: number,
  kernelSize: number,
  stride: number,
): SymbolicTensor {
  const padding = (kernelSize - 1) / 2;
  // tfjs-layers' 'same' is not symmetric at stride 2: there, a layer of zeros comes first.
  const padded = stride > 1 && padding > 0 ? apply(layers.zeroPadding2d({ padding }), x) : x;
  const convolution = layers.conv2d({
    name: convolutionName,
    filters,
    kernelSize,
    strides: stride,
    padding: stride > 1 ? 'valid' : 'same',
    useBias: false,
    kernelInitializer: 'zeros',
  });
  return apply(layers.batchNormalization({ name: normName, epsilon: 1e-5, momentum: 0.9 }), apply(convolution, padded));
}

function relu(x: SymbolicTensor): SymbolicTensor {
  return apply(layers.reLU(), x);
}

function apply(layer: layers.Layer, x: SymbolicTensor): SymbolicTensor {
  return layer.apply(x) as SymbolicTensor;
}
