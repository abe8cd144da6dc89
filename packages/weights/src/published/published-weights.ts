/** What is known of a published weight set. */
import type { FileHash } from '../download/file-hash.js';
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
  readonly hash: FileHash | null;
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
