import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { input, layers, model } from '@tensorflow/tfjs-layers';
import type { ConvolutionLayers } from './convolution-layers.js';

/** A ResNet: its residual blocks and how many of them each stage has. */
const architectures = {
  resnet18: { bottleneck: false, stages: [2, 2, 2, 2] },
  resnet50: { bottleneck: true, stages: [3, 4, 6, 3] },
} as const;

/** A ResNet on 224x224x3, 1000 classes, with torchvision's names and padding, of the given layers. Returns logits. */
export function resnet(
  name: keyof typeof architectures,
  { convolution, norm, maxPooling }: ConvolutionLayers,
): LayersModel {
  const { bottleneck, stages } = architectures[name];

  const relu = (x: SymbolicTensor) => layers.reLU().apply(x) as SymbolicTensor;
  const normalized = (
    x: SymbolicTensor,
    convolutionName: string,
    normName: string,
    filters: number,
    kernelSize: number,
    stride: number,
  ) => norm(convolution(x, convolutionName, filters, kernelSize, stride), normName);

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
  x = maxPooling(x); // 56x56
  stages.forEach((count, stage) => {
    for (let block = 0; block < count; block++)
      x = residual(x, `layer${stage + 1}.${block}`, 64 * 2 ** stage, block === 0 && stage > 0 ? 2 : 1);
  });
  x = layers.globalAveragePooling2d({}).apply(x) as SymbolicTensor;
  x = layers.dense({ name: 'fc', units: 1000, kernelInitializer: 'zeros' }).apply(x) as SymbolicTensor;
  return model({ inputs: images, outputs: x, name });
}
