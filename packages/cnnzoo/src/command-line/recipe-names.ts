import type { RecipeName } from '@cnnzoo/train';

/** Each recipe's name, for the help and completion, without importing tfjs; the compiler holds it against the recipes. */
const names: Readonly<Record<RecipeName, true>> = {
  lenet: true,
  alexnet: true,
  vgg: true,
  googlenet: true,
  'googlenet-polynomial': true,
  resnet: true,
  'resnet-cifar': true,
  'resnet-cifar-110': true,
  zfnet: true,
  'prelu-net': true,
  senet: true,
  'nin-cifar': true,
  'dsn-cifar': true,
  'all-cnn-cifar': true,
  'highway-cifar': true,
  'fitnet-cifar': true,
  'fitnet-mnist': true,
  'lsuv-cifar': true,
  'elu-cifar': true,
  inception: true,
  modern: true,
};

export const recipeNames = Object.keys(names) as readonly RecipeName[];
