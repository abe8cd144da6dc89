export {
  type CifarPlainOptions,
  type CifarPreActResnetOptions,
  type CifarResnetOptions,
  cifarPlain,
  cifarPreActResnet,
  cifarResnet,
} from './cifar-resnet.js';
export {
  type PreActivationResNetOptions,
  resnet50V2,
  resnet101V2,
  resnet152V2,
} from './pre-activation-resnet.js';
export {
  type BottleneckResNetOptions,
  plain18,
  plain34,
  type ResNetOptions,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  resnext50_32x4d,
  resnext101_32x8d,
  wideResnet50_2,
  wideResnet101_2,
} from './resnet.js';
export {
  senet154,
  seResnet50,
  seResnet101,
  seResnet152,
  seResnext50_32x4d,
  seResnext101_32x4d,
} from './senet.js';
