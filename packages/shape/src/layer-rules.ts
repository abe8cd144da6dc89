import { axisNames, integer, pair, shown } from './arguments.js';
import {
  type BatchNormSpec,
  type Conv2dSpec,
  type ConvTranspose2dSpec,
  type CustomSpec,
  elementwiseFlops,
  type LayerSpec,
  type LayerType,
  type LinearSpec,
  type LocalResponseNormSpec,
  type PoolSpec,
  type Shape,
  type UpsampleSpec,
} from './layer-spec.js';
import {
  adaptiveSizes,
  edgePaddings,
  paddedSize,
  resizeOutputSize,
  slidePoolWindow2d,
  slideTransposedWindow2d,
  slideWindow2d,
  type WindowOptions,
} from './output-size.js';
import { type FieldStep, largestField, type ReceptiveField, stepField } from './receptive-field.js';
import { adaptiveBins, effectiveKernelSize, type WindowResult } from './window.js';

/** What flows between layers: a shape, what its elements see, and the height and width it had before it was flattened. */
export interface Value {
  readonly shape: Shape;
  readonly field: ReceptiveField | null;
  readonly span: readonly [number, number];
}

/** The window of a convolution or pooling as it is used: `[height, width]`, and the padding of `[top, bottom]` and `[left, right]`. */
export interface KernelUse {
  readonly size: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  readonly padding: readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];
}

/** What one layer makes of its inputs, and what it costs for one picture. */
export interface Outcome extends Value {
  readonly kernel: KernelUse | null;
  readonly params: number;
  readonly buffers: number;
  readonly macs: number;
  readonly flops: number;
}

type Rule<Spec> = (spec: Spec, inputs: readonly Value[]) => Outcome;

export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

function free(value: Value): Outcome {
  const { shape, field, span } = value;
  return { shape, field, span, kernel: null, params: 0, buffers: 0, macs: 0, flops: 0 };
}

function only(inputs: readonly Value[]): Value {
  const [input] = inputs;
  if (input !== undefined && inputs.length === 1) return input;
  throw new RangeError(`takes one input, got ${inputs.length}`);
}

/** Height, width and channels of the only input. */
function featureMap(inputs: readonly Value[]): { input: Value; size: readonly [number, number]; channels: number } {
  const input = only(inputs);
  const [height, width, channels] = input.shape;
  if (input.shape.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    throw new RangeError(`takes a feature map [height, width, channels], got ${shown(input.shape)}`);
  }
  return { input, size: [height, width], channels };
}

function step(input: Value, steps: readonly [FieldStep, FieldStep]): ReceptiveField | null {
  return input.field === null ? null : stepField(input.field, steps);
}

/** One step that sees the whole map. */
function stepOverAll(input: Value): ReceptiveField | null {
  return step(input, [
    { reach: input.span[0], stride: 1, before: 0 },
    { reach: input.span[1], stride: 1, before: 0 },
  ]);
}

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

function checkChannels(name: string, expected: number | undefined, got: number): void {
  if (expected !== undefined && expected !== got) {
    throw new RangeError(`${name} is ${expected}, but ${got} come in; the nearest that fits is ${name} ${got}`);
  }
}

/** The largest number up to `wanted` that divides both channel counts. */
function checkGroups(groups: number, inChannels: number, outChannels: number): void {
  if (inChannels % groups === 0 && outChannels % groups === 0) return;
  let nearest = Math.min(groups, inChannels, outChannels);
  while (inChannels % nearest !== 0 || outChannels % nearest !== 0) nearest--;
  throw new RangeError(
    `groups ${groups} must divide the ${inChannels} input and ${outChannels} output channels; the nearest that does is ${nearest}`,
  );
}

const conv2d: Rule<Conv2dSpec> = (spec, inputs) => {
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

const convTranspose2d: Rule<ConvTranspose2dSpec> = (spec, inputs) => {
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

const pool: Rule<PoolSpec> = (spec, inputs) => {
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

function adaptivePool(outputSize: readonly [number, number], inputs: readonly Value[]): Outcome {
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

const upsample: Rule<UpsampleSpec> = (spec, inputs) => {
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

const linear: Rule<LinearSpec> = (spec, inputs) => {
  const input = only(inputs);
  const [inFeatures] = input.shape;
  if (inFeatures === undefined || input.shape.length !== 1) {
    throw new RangeError(
      `takes a flat vector, got ${shown(input.shape)}; the nearest that fits is a Flatten before it, of ${elements(input.shape)}`,
    );
  }
  checkChannels('inFeatures', spec.inFeatures, inFeatures);
  const outFeatures = integer('outFeatures', spec.outFeatures);
  const biases = spec.bias === false ? 0 : outFeatures;
  const macs = inFeatures * outFeatures;
  return {
    ...free(input),
    shape: [outFeatures],
    span: [1, 1],
    field: stepOverAll(input),
    params: macs + biases,
    macs,
    flops: 2 * macs + biases,
  };
};

const batchNorm: Rule<BatchNormSpec> = (spec, inputs) => {
  const input = only(inputs);
  const channels = input.shape[input.shape.length - 1] ?? 1;
  const learned = (spec.scale === false ? 0 : channels) + (spec.center === false ? 0 : channels);
  // In evaluation the four vectors fold into one scale and one offset.
  return { ...free(input), params: learned, buffers: 2 * channels, flops: 2 * elements(input.shape) };
};

const localResponseNorm: Rule<LocalResponseNormSpec> = (spec, inputs) => {
  const { input } = featureMap(inputs);
  // A square, the sum over the window, scale and offset, a power and a division.
  return { ...free(input), flops: (integer('size', spec.size) + 4) * elements(input.shape) };
};

function globalPool(inputs: readonly Value[]): Outcome {
  const { input, channels } = featureMap(inputs);
  return {
    ...free(input),
    shape: [channels],
    span: [1, 1],
    field: stepOverAll(input),
    flops: elements(input.shape),
  };
}

function merge(inputs: readonly Value[]): Outcome {
  const [first] = inputs;
  if (first === undefined || inputs.length < 2) throw new RangeError(`takes two or more inputs, got ${inputs.length}`);
  const shape = first.shape.map((_, axis) => Math.max(...inputs.map((input) => input.shape[axis] ?? 0)));
  for (const input of inputs) {
    const fits =
      input.shape.length === shape.length &&
      shape.every((size, axis) => input.shape[axis] === size || (input.shape[axis] === 1 && axis < shape.length - 1));
    if (!fits) {
      throw new RangeError(
        `takes inputs of one shape, got ${inputs.map((each) => shown(each.shape)).join(' and ')}; the nearest that fits is ${shown(first.shape)} for all`,
      );
    }
  }
  const span = [0, 1].map((axis) => Math.max(...inputs.map((input) => input.span[axis as 0 | 1])));
  return {
    ...free(first),
    shape,
    span: [span[0] ?? 1, span[1] ?? 1],
    field: largestField(inputs.map((input) => input.field)),
    flops: (inputs.length - 1) * elements(shape),
  };
}

function concat(inputs: readonly Value[]): Outcome {
  const [first] = inputs;
  if (first === undefined || inputs.length < 2) throw new RangeError(`takes two or more inputs, got ${inputs.length}`);
  const sides = first.shape.slice(0, -1);
  let channels = 0;
  for (const { shape } of inputs) {
    const axis = sides.findIndex((size, index) => shape[index] !== size);
    if (shape.length !== first.shape.length || axis >= 0) {
      throw new RangeError(
        `takes inputs of one height and width, got ${inputs.map((each) => shown(each.shape)).join(' and ')}` +
          `; the nearest that fits has ${axisNames[axis as 0 | 1] ?? 'rank'} ${sides[axis] ?? first.shape.length} everywhere`,
      );
    }
    channels += shape[shape.length - 1] ?? 0;
  }
  return {
    ...free(first),
    shape: [...sides, channels],
    field: largestField(inputs.map((input) => input.field)),
  };
}

const custom: Rule<CustomSpec> = (spec, inputs) => {
  const shape =
    typeof spec.outputShape === 'function' ? spec.outputShape(inputs.map((input) => input.shape)) : spec.outputShape;
  shape.forEach((size, axis) => {
    integer(`outputShape[${axis}]`, size);
  });
  const macs = integer('macs', spec.macs ?? 0, 0);
  const [height = 1, width = 1] = shape.length === 3 ? shape : [];
  const [first] = inputs;
  // A layer that keeps the map's size is taken to act on each element by itself: nothing else is known of what it sees.
  const keeps = inputs.length === 1 && first?.span[0] === height && first.span[1] === width;
  return {
    shape,
    span: [height, width],
    field: keeps ? first.field : null,
    kernel: null,
    params: integer('params', spec.params ?? 0, 0),
    buffers: integer('buffers', spec.buffers ?? 0, 0),
    macs,
    flops: 2 * macs,
  };
};

/** The layer's output and costs for one picture. Throws a TypeError or RangeError without the layer's place where it does not fit. */
export function applyLayer(spec: LayerSpec, inputs: readonly Value[]): Outcome {
  switch (spec.type) {
    case 'Input':
      throw new RangeError('an Input takes no inputs');
    case 'Conv2d':
      return conv2d(spec, inputs);
    case 'ConvTranspose2d':
      return convTranspose2d(spec, inputs);
    case 'MaxPool2d':
    case 'AvgPool2d':
      return pool(spec, inputs);
    case 'AdaptiveAvgPool2d':
    case 'AdaptiveMaxPool2d':
      return adaptivePool(adaptiveSizes(featureMap(inputs).size, spec.outputSize), inputs);
    case 'GlobalAvgPool2d':
    case 'GlobalMaxPool2d':
      return globalPool(inputs);
    case 'ZeroPad2d': {
      const { input, size, channels } = featureMap(inputs);
      const sides = edgePaddings(spec.padding);
      const shape = [paddedSize(0, size[0], sides[0]), paddedSize(1, size[1], sides[1]), channels] as const;
      const field = step(input, [
        { reach: 1, stride: 1, before: sides[0][0] },
        { reach: 1, stride: 1, before: sides[1][0] },
      ]);
      return { ...free(input), shape, span: [shape[0], shape[1]], field };
    }
    case 'Upsample':
      return upsample(spec, inputs);
    case 'Linear':
      return linear(spec, inputs);
    case 'BatchNorm1d':
    case 'BatchNorm2d':
      return batchNorm(spec, inputs);
    case 'LocalResponseNorm':
      return localResponseNorm(spec, inputs);
    case 'Flatten':
      return { ...free(only(inputs)), shape: [elements(only(inputs).shape)] };
    case 'Add':
    case 'Subtract':
    case 'Multiply':
    case 'Average':
    case 'Maximum':
    case 'Minimum':
      return merge(inputs);
    case 'Concat':
      return concat(inputs);
    case 'Custom':
      return custom(spec, inputs);
    default: {
      const perElement: number | undefined = elementwiseFlops[spec.type];
      if (perElement === undefined) throw new TypeError(`type ${shown(spec.type as LayerType)} is unknown`);
      const input = only(inputs);
      return { ...free(input), flops: perElement * elements(input.shape) };
    }
  }
}
