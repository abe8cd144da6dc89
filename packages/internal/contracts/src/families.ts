import { listModels, type ModelId } from 'cnnzoo';
import { isRelative } from './small-networks.js';

/**
 * The networks of `listModels()`, shared out to test files that run side by side and take about as long as each other. A network is of
 * the first part whose rule it meets, so that each is of exactly one. Relatives are left out.
 */
const rules = {
  resnext: /^resnext/,
  wide: /^wide_resnet/,
  preActivation: /^resnet\d+_v2$/,
  residual: /^(resnet|plain)/,
  giant: /1202|1001/,
  cifar: /^cifar_/,
  inception: /^(googlenet|inception|bn_inception)/,
  others: /./,
} as const;

export type Part = keyof typeof rules;

export function networksOf(part: Part): ModelId[] {
  const partOf = (id: ModelId) => (Object.keys(rules) as Part[]).find((name) => rules[name].test(id));
  return listModels().filter((id) => partOf(id) === part && !isRelative(id));
}
