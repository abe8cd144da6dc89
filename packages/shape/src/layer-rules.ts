import { shown } from '@cnnzoo/checks';
import { axisNames, integer } from './arguments.js';
import { checkShape } from './check-shape.js';
import {
  checkChannels,
  elements,
  featureMap,
  free,
  type Outcome,
  only,
  type Rule,
  step,
  stepOverAll,
  type Value,
} from './layer-outcome.js';
import {
  type BatchNormSpec,
  type CustomSpec,
  elementwiseFlops,
  type LayerSpec,
  type LayerType,
  type LinearSpec,
  type LocalResponseNormSpec,
} from './layer-spec.js';
import { adaptiveSizes, edgePaddings, paddedSize } from './output-size.js';
import { largestField } from './receptive-field.js';
import { adaptivePool, conv2d, convTranspose2d, pool, upsample } from './window-rules.js';

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
  const { outputShape } = spec;
  const made = typeof outputShape === 'function' ? outputShape(inputs.map(({ shape }) => shape)) : outputShape;
  const shape = checkShape('outputShape', made);
  const macs = integer('macs', spec.macs ?? 0, 0);
  const [height = 1, width = 1] = shape.length === 3 ? shape : [];
  // A layer that keeps the maps' size is taken to act on each element by itself: nothing else is known of what it sees.
  const keeps = inputs.length > 0 && inputs.every(({ span }) => span[0] === height && span[1] === width);
  return {
    shape,
    span: [height, width],
    field: keeps ? largestField(inputs.map((input) => input.field)) : null,
    kernel: null,
    params: integer('params', spec.params ?? 0, 0),
    buffers: integer('buffers', spec.buffers ?? 0, 0),
    macs,
    flops: 2 * macs,
  };
};

/** The layer's output and costs for one image. Throws a TypeError or RangeError without the layer's place where it does not fit. */
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
      const perElement = Object.hasOwn(elementwiseFlops, spec.type) ? elementwiseFlops[spec.type] : undefined;
      if (perElement === undefined) throw new TypeError(`type ${shown(spec.type as LayerType)} is unknown`);
      const input = only(inputs);
      return { ...free(input), flops: perElement * elements(input.shape) };
    }
  }
}
