/** What is known of a published weight set. */
import type { Preprocessing, PreprocessingName } from '@cnnzoo/metadata';
import type { FileHash } from '../download/file-hash.js';
import type { WeightRulesId } from './weight-rules.js';

/** What is written down of a published weight set, one line each in registry-data.ts: what is not there follows. */
export interface WeightsRow {
  readonly id: string;
  /** Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly preprocessing: PreprocessingName;
  readonly rules: WeightRulesId;
  readonly url: string;
  readonly sha256?: string;
  readonly md5?: string;
  readonly megabytes?: number;
  readonly top1?: number;
  readonly top5?: number;
  /** With which preprocessing the publisher measured them. */
  readonly measuredWith?: PreprocessingName;
  readonly licence?: string;
  readonly notes?: string;
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
  /**
   * What the publisher's package says of the file's hash, how much of it, and where. null where it says nothing: then the file is checked
   * against the server's word at the first download, and against itself after that.
   */
  readonly hash: FileHash | null;
  /** Size in units of 2^20 bytes, where the publisher's package says it. */
  readonly megabytes: number | null;
  /** How its keys and values become those of the network: see `weightRules`. */
  readonly rules: WeightRulesId;
  /** How images are prepared, always in RGB: the loader reverses the first convolution of weights that were trained on BGR. */
  readonly preprocessing: Preprocessing;
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
