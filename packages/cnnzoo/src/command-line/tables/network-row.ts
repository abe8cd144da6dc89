import type { Family, ModelId } from '../../networks/models.js';

/** A published set of weights. */
export interface WeightsRow {
  readonly name: string;
  /** Percent on ImageNet, as published. */
  readonly top1: number | null;
  /** In units of 2^20 bytes. */
  readonly megabytes: number | null;
  readonly licence: string | null;
}

/** A network as it is built without options. */
export interface NetworkRow {
  readonly id: ModelId;
  readonly family: Family;
  /** Height, width and channels. */
  readonly input: string;
  readonly classes: number;
  readonly params: number;
  /** Multiply-accumulates of one image. */
  readonly macs: number;
  /** Of its parameters and buffers in float32. */
  readonly bytes: number;
  /** The best first. */
  readonly weights: readonly WeightsRow[];
}
