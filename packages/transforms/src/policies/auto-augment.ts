import { check, checkOptions, oneOf } from '@cnnzoo/checks';
import { type WarpOptions, warpRules } from '../geometry/warp.js';
import { defineRandomTransform, type RandomTransform } from '../transform.js';
import { applyAugmentations, magnitudeOf, magnitudeRanges } from './augmentation.js';
import { autoAugmentPolicies, type PolicyStep, type SubPolicy } from './auto-augment-policies.js';
import type { DrawnAugmentations } from './rand-augment.js';

/**
 * AutoAugment (Cubuk et al. 2018): one of the 25 pairs of operations that were found by search, each operation by chance, as
 * torchvision's. For 8-bit images, so before toTensor.
 * @param policy the data set it was searched on
 * @returns a random transform that draws the operations
 * @example
 * import { autoAugment, randomGenerator } from '@cnnzoo/transforms';
 * const photo = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48, channels: 3 };
 * const result = autoAugment('cifar10')(photo, randomGenerator(1), (drawn) => console.log(drawn));
 */
export function autoAugment(
  policy: 'imagenet' | 'cifar10' = 'imagenet',
  options: WarpOptions = {},
): RandomTransform<DrawnAugmentations> {
  check('policy', policy, oneOf(['imagenet', 'cifar10']));
  checkOptions<WarpOptions>('autoAugment', options, warpRules);
  const subPolicies: readonly SubPolicy[] = autoAugmentPolicies[policy];
  return defineRandomTransform<DrawnAugmentations>(
    'autoAugment',
    [policy, options],
    (image, random) => {
      const ranges = magnitudeRanges(image);
      const steps: readonly PolicyStep[] = subPolicies[random.integer(0, subPolicies.length)] ?? [];
      return {
        operations: steps
          .filter(([, probability]) => random.uniform() < probability)
          .map(([operation, , strength]) => {
            const magnitude = magnitudeOf(ranges[operation], strength, 10);
            return {
              operation,
              magnitude: ranges[operation].signed && random.uniform() < 0.5 ? -magnitude : magnitude,
            };
          }),
      };
    },
    (image, drawn) => applyAugmentations(image, drawn.operations, options),
  );
}
