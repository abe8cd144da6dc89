/** How the networks of `listModels()` are built small, so that each is tested in seconds. */
import type { ModelId } from 'cnnzoo';

/**
 * A thousand layers and more. What the engine prepares before the first run of a gradient grows faster than the depth, so these run
 * on tfjs's cpu backend, and their gradient only through the last twentieth: the blocks are those of depth 110 and 164.
 */
export function isGiant(id: ModelId): boolean {
  return /1202|1001/.test(id);
}

/**
 * Deeper or wider relatives of a network that is tested, of the same blocks. They were tested once, when they were new: SENet-154 alone
 * takes more than a minute of two processors. Their packages' tests have their weights' names and, of SENet-154, its logits.
 */
export function isRelative(id: ModelId): boolean {
  return /^(se_res(net101|net152|next101)|senet154|prelu_net_[bc]|zfnetb)/.test(id);
}

/**
 * Networks of one family have the same classifier of a hundred million weights: it is there in one and left out in the others.
 */
export function hasTop(id: ModelId): boolean {
  return !/^(vgg|prelu_net)/.test(id) || id === 'vgg11';
}

/** Channels of the last feature map of a network without its classifier. */
export function featureChannels(id: ModelId): number {
  return id === 'prelu_net_c' ? 896 : 512;
}

/**
 * Height, width and channels. Where batch norm follows the last grid, a batch of four has four values there or more: of fewer it passes
 * no gradient.
 */
export function smallInput(id: ModelId): [number, number, number] {
  if (id === 'lenet5') return [32, 32, 1];
  if (id === 'mnist_fitnet') return [28, 28, 1];
  if (isGiant(id)) return [4, 4, 3];
  if (/^(plain|se_res|senet|resne[tx]|wide_resnet)/.test(id)) return [32, 32, 3];
  if (/^cifar_elu/.test(id)) return [32, 32, 3];
  if (/^(cifar_|lenet_book)/.test(id)) return [16, 16, 3];
  if (/^(vgg|prelu_net)/.test(id)) return [32, 32, 3];
  if (id.startsWith('alexnet')) return [67, 67, 3];
  if (/^inception/.test(id)) return [107, 107, 3];
  return [64, 64, 3];
}
