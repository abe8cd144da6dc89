import { integer, pair } from './arguments.js';
import {
  checkChannels,
  elements,
  featureMap,
  free,
  type Outcome,
  type Rule,
  step,
  type Value,
} from './layer-outcome.js';
import type { Conv2dSpec, ConvTranspose2dSpec, PoolSpec, UpsampleSpec } from './layer-spec.js';
import {
  resizeOutputSize,
  slidePoolWindow2d,
  slideTransposedWindow2d,
  slideWindow2d,
  type WindowOptions,
} from './output-size.js';
import type { FieldStep } from './receptive-field.js';
import { adaptiveBins, effectiveKernelSize, type WindowResult } from './window.js';

function windowSteps(
  spec: { kernelSize: WindowOptions['kernelSize']; dilation?: WindowOptions['dilation'] },
  stride: readonly [number, number],
  window: readonly [WindowResult, WindowResult],
): readonly [FieldStep, FieldStep] {
  const kernelSize = pair('kernelSize', spec.kernelSize);
  const dilation = pair('dilation', spec.dilation ?? 1);
  const along = (axis: 0 | 1): FieldStep => ({
    reach: effectiveKernelSize(kernelSize[axis], dilation[axis]),
    stride: stride[axis],
    before: window[axis].padding[0],
  });
  return [along(0), along(1)];
}

/** @throws RangeError unless `groups` divides both, naming the largest smaller one that does */
function checkGroups(groups: number, inChannels: number, outChannels: number): void {
  if (inChannels % groups === 0 && outChannels % groups === 0) return;
  let nearest = Math.min(groups, inChannels, outChannels);
  while (inChannels % nearest !== 0 || outChannels % nearest !== 0) nearest--;
  throw new RangeError(
    `groups ${groups} must divide the ${inChannels} input and ${outChannels} output channels; the nearest that does is ${nearest}`,
  );
}

export const conv2d: Rule<Conv2dSpec> = (spec, inputs) => {
  const { input, size, channels } = featureMap(inputs);
  const outChannels = integer('outChannels', spec.outChannels);
  const groups = integer('groups', spec.groups ?? 1);
  checkChannels('inChannels', spec.inChannels, channels);
  checkGroups(groups, channels, outChannels);
  const window = slideWindow2d({ ...spec, inputSize: size }, 'one');
  const kernelSize = pair('kernelSize', spec.kernelSize);
  const stride = pair('stride', spec.stride ?? 1);
  const shape = [window[0].outputSize, window[1].outputSize, outChannels] as const;
  const weights = kernelSize[0] * kernelSize[1] * (channels / groups) * outChannels;
  const biases = spec.bias === false ? 0 : outChannels;
  const macs = shape[0] * shape[1] * weights;
  return {
    ...free(input),
    shape,
    span: [shape[0], shape[1]],
    field: step(input, windowSteps(spec, stride, window)),
    kernel: { size: kernelSize, stride, padding: [window[0].padding, window[1].padding] },
    params: weights + biases,
    macs,
    flops: 2 * macs + shape[0] * shape[1] * biases,
  };
};

export const convTranspose2d: Rule<ConvTranspose2dSpec> = (spec, inputs) => {
  const { input, size, channels } = featureMap(inputs);
  const outChannels = integer('outChannels', spec.outChannels);
  const groups = integer('groups', spec.groups ?? 1);
  checkChannels('inChannels', spec.inChannels, channels);
  checkGroups(groups, channels, outChannels);
  const window = slideTransposedWindow2d({ ...spec, inputSize: size });
  const kernelSize = pair('kernelSize', spec.kernelSize);
  const stride = pair('stride', spec.stride ?? 1);
  const shape = [window[0].outputSize, window[1].outputSize, outChannels] as const;
  const weights = kernelSize[0] * kernelSize[1] * (channels / groups) * outChannels;
  const biases = spec.bias === false ? 0 : outChannels;
  const macs = size[0] * size[1] * weights;
  const [rows, columns] = windowSteps(spec, stride, window);
  // An output between `stride` inputs sees ceil(reach / stride) of them, and the outputs lie 1 / stride inputs apart.
  const upwards = ({ reach, stride: factor, before }: FieldStep): FieldStep => {
    const seen = Math.ceil(reach / factor);
    const start = (before - (reach - 1) / 2) / factor;
    return { reach: seen, stride: 1 / factor, before: (seen - 1) / 2 - start };
  };
  return {
    ...free(input),
    shape,
    span: [shape[0], shape[1]],
    field: step(input, [upwards(rows), upwards(columns)]),
    kernel: { size: kernelSize, stride, padding: [window[0].padding, window[1].padding] },
    params: weights + biases,
    macs,
    flops: 2 * macs + shape[0] * shape[1] * biases,
  };
};

export const pool: Rule<PoolSpec> = (spec, inputs) => {
  const { input, size, channels } = featureMap(inputs);
  const window = slidePoolWindow2d({ ...spec, inputSize: size });
  const kernelSize = pair('kernelSize', spec.kernelSize);
  const stride = pair('stride', spec.stride ?? kernelSize);
  const shape = [window[0].outputSize, window[1].outputSize, channels] as const;
  return {
    ...free(input),
    shape,
    span: [shape[0], shape[1]],
    field: step(input, windowSteps(spec, stride, window)),
    kernel: { size: kernelSize, stride, padding: [window[0].padding, window[1].padding] },
    flops: elements(shape) * kernelSize[0] * kernelSize[1],
  };
};

export function adaptivePool(outputSize: readonly [number, number], inputs: readonly Value[]): Outcome {
  const { input, size, channels } = featureMap(inputs);
  const along = (axis: 0 | 1) => {
    const bins = adaptiveBins(size[axis], outputSize[axis]);
    const first = (bins.first - 1) / 2;
    const fieldStep = {
      reach: bins.largest,
      stride: size[axis] / outputSize[axis],
      before: (bins.largest - 1) / 2 - first,
    };
    return { bins, fieldStep };
  };
  const [rows, columns] = [along(0), along(1)];
  return {
    ...free(input),
    shape: [...outputSize, channels],
    span: outputSize,
    field: step(input, [rows.fieldStep, columns.fieldStep]),
    flops: outputSize[0] * outputSize[1] * channels * rows.bins.largest * columns.bins.largest,
  };
}

export const upsample: Rule<UpsampleSpec> = (spec, inputs) => {
  const { input, size, channels } = featureMap(inputs);
  const resized = resizeOutputSize({
    inputSize: size,
    ...(spec.size === undefined ? {} : { outputSize: spec.size }),
    ...(spec.scaleFactor === undefined ? {} : { scaleFactor: spec.scaleFactor }),
  });
  const shape = [...pair('outputSize', resized), channels] as const;
  const bilinear = spec.mode === 'bilinear';
  const along = (axis: 0 | 1): FieldStep => {
    const stride = size[axis] / (shape[axis] ?? 1);
    const reach = bilinear && stride !== 1 ? 2 : 1;
    return { reach, stride, before: (reach - 1) / 2 - (stride - 1) / 2 };
  };
  return {
    ...free(input),
    shape,
    span: pair('outputSize', resized),
    field: step(input, [along(0), along(1)]),
    flops: bilinear ? 7 * elements(shape) : 0,
  };
};
