/** What weights the world publishes for the networks of this project. */
import { publishedWeights } from './registry-data.js';
import type { WeightRulesId } from './weight-rules.js';

/** A picture's way into the network: resize the shorter side, cut the middle, values 0 to 1, minus `mean`, divided by `std`. */
export interface WeightsPreprocessing {
  readonly resizeSize: number;
  readonly padding: number;
  readonly cropSize: number;
  readonly interpolation: 'bilinear' | 'bicubic';
  /** Of RGB. */
  readonly mean: readonly number[];
  /** Of RGB. */
  readonly std: readonly number[];
}

/** A published weight set. */
export interface PublishedWeights {
  /** Architecture and name, as 'resnet50.IMAGENET1K_V2'. */
  readonly id: string;
  /** The publisher's name: IMAGENET1K_V1 (torchvision), tv_in1k (timm), keras. */
  readonly name: string;
  /** The network, as `createModel` calls it. */
  readonly architecture: string;
  /** Options that the network has to be built with. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly url: string;
  /** The first digits of the file's hash or all of them; null where the publisher's package has none. */
  readonly hash: { readonly algorithm: 'sha256' | 'md5'; readonly prefix: string } | null;
  /** Size in units of 2^20 bytes, where the publisher's package says it. */
  readonly megabytes: number | null;
  /** How its keys and values become those of the network: see `weightRules`. */
  readonly rules: WeightRulesId;
  readonly preprocessing: WeightsPreprocessing;
  readonly numClasses: number;
  /** Percent, as published, under `protocol`; null where the publisher's package does not say. */
  readonly top1: number | null;
  readonly top5: number | null;
  readonly protocol: string | null;
  /** As the publisher's package says; null where it is silent. */
  readonly licence: string | null;
  /** What else one has to know. */
  readonly notes: string | null;
}

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
