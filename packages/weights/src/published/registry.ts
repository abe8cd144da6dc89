/** What weights the world publishes for the networks of this project. */
import type { PublishedWeights } from './published-weights.js';
import { publishedWeights } from './registry-data.js';

/**
 * The published weight sets.
 * @param architecture a network as `createModel` calls it; default: all
 * @returns the sets' descriptions; none for a network without published weights
 * @example
 * import { listWeights } from '@cnnzoo/weights';
 *
 * for (const { id, top1 } of listWeights('resnet50')) console.log(id, top1);
 */
export function listWeights(architecture?: string): readonly PublishedWeights[] {
  return architecture === undefined
    ? publishedWeights
    : publishedWeights.filter((weights) => weights.architecture === architecture);
}

/**
 * One published weight set.
 * @param id architecture and name, as 'resnet50.IMAGENET1K_V2', 'resnet50.tv_in1k', 'vgg16.keras'; the name DEFAULT is
 *   torchvision's newest
 * @throws RangeError naming the ids of that architecture, or those with weights
 * @example
 * import { describeWeights } from '@cnnzoo/weights';
 *
 * console.log(describeWeights('resnet50.IMAGENET1K_V2').protocol);
 */
export function describeWeights(id: string): PublishedWeights {
  const architecture = String(id).split('.')[0] ?? '';
  const candidates = listWeights(architecture);
  const found =
    candidates.find((weights) => weights.id === id) ??
    (id === `${architecture}.DEFAULT`
      ? candidates.findLast((weights) => weights.name.startsWith('IMAGENET1K_'))
      : undefined);
  if (found !== undefined) return found;
  const known =
    candidates.length > 0
      ? `expected one of ${candidates.map((weights) => weights.id).join(', ')}`
      : `there are weights for ${[...new Set(publishedWeights.map((weights) => weights.architecture))].join(', ')}`;
  throw new RangeError(`there are no published weights '${id}': ${known}`);
}
