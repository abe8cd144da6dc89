import { listModels, type ModelId } from 'cnnzoo';

const large: readonly ModelId[] = listModels({ family: 'resnet' }).filter((id) => !/^(cifar_|plain)/.test(id));

/** The ImageNet residual networks, which take as long as all the others together. */
export function isResidual(id: ModelId): boolean {
  return large.includes(id);
}
