/** What a summary must be, for those who draw and format one: it may come from a file. */
import {
  boolean,
  integer,
  listOf,
  nullOr,
  number,
  oneOf,
  optional,
  type Rule,
  record,
  rule,
  text,
} from '@cnnzoo/checks';
import type { KernelUse } from './layer-outcome.js';
import type { Shape } from './layer-spec.js';
import type { ReceptiveField } from './receptive-field.js';
import { bytesPerElement, type Cost, type DType, type LayerSummary, type ModelSummary } from './summarize.js';

const shape: Rule<Shape> = listOf(integer(0));
const pair = <T>(each: Rule<T>): Rule<readonly [T, T]> =>
  rule<readonly [T, T]>(
    `two, each ${each.expected}`,
    (value) => Array.isArray(value) && value.length === 2 && value.every((part) => each.fault('', part) === null),
  );
const kernel = record<KernelUse>({
  size: pair(number()),
  stride: pair(number()),
  padding: pair(pair(number())),
});
const field = record<ReceptiveField>({ size: pair(number()), jump: pair(number()), start: pair(number()) });
const cost = {
  params: number(0),
  trainableParams: number(0),
  nonTrainableParams: number(0),
  buffers: number(0),
  macs: number(0),
  flops: number(0),
  forwardBytes: number(0),
  backwardBytes: number(0),
  weightBytes: number(0),
  trafficBytes: number(0),
  arithmeticIntensity: number(0),
} satisfies { [Name in keyof Cost]: Rule<number> };

const layerRule = record<LayerSummary>({
  ...cost,
  name: text,
  type: text,
  className: optional(text),
  partOf: optional(text),
  inputs: listOf(text),
  inputShapes: listOf(shape),
  outputShape: shape,
  kernel: nullOr(kernel),
  receptiveField: nullOr(field),
  auxiliary: boolean,
});

/** What `summarize` gives. */
export const summaryRule: Rule<ModelSummary> = record<ModelSummary>({
  ...cost,
  name: text,
  inputs: listOf(record<ModelSummary['inputs'][number]>({ name: text, shape, isLayer: boolean })),
  inputShape: shape,
  outputShape: shape,
  batchSize: nullOr(integer(1)),
  dtype: oneOf(Object.keys(bytesPerElement) as DType[]),
  inputBytes: number(0),
  auxiliaryMacs: number(0),
  receptiveField: nullOr(field),
  layers: listOf(layerRule),
});
