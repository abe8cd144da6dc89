/** The nodes of an ONNX file as layers of @cnnzoo/shape, which knows what comes out of each and what it costs. */
import { imageLayout, type NodeProto, type TensorProto } from '@cnnzoo/onnx-format';
import type { LayerSpec, Padding, Shape } from '@cnnzoo/shape';
import { type OnnxFile, type OnnxValue, readOnnxFile, wholeNumbers } from '../../onnx/onnx-file.js';

/** @throws TypeError or RangeError naming the file and what cannot be told of it */
export async function readOnnxLayers(file: string): Promise<{ layers: LayerSpec[]; inputShape: Shape }> {
  const model = await readOnnxFile(file);
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0)
    throw new TypeError(`${file}: it has ${model.inputs.length} inputs, expected one`);
  return { layers: layersOf(model, input.name), inputShape: inputShape(file, input) };
}

function inputShape(file: string, input: OnnxValue): Shape {
  const { name, shape } = input;
  const [, size = 0] = shape;
  if (shape.length === 2) return [size];
  const found = imageLayout(shape)?.shape;
  if (found === undefined || found.includes(0))
    throw new RangeError(
      `${file}: the input ${name} is [${shape.join(', ')}], expected a batch of images of a given size`,
    );
  return found;
}

/** What makes no layer: numbers that are computed from shapes. */
const ofShapes = new Set(['Shape', 'Constant', 'ConstantOfShape', 'Gather', 'Unsqueeze', 'Slice', 'Range']);

/** ONNX's operators that change each element by itself. */
const elementwise: Readonly<Record<string, Extract<LayerSpec, { inputs?: unknown }>['type']>> = {
  Relu: 'ReLU',
  LeakyRelu: 'LeakyReLU',
  PRelu: 'LeakyReLU',
  Elu: 'ELU',
  Selu: 'SELU',
  Gelu: 'GELU',
  Sigmoid: 'Sigmoid',
  HardSigmoid: 'Hardsigmoid',
  HardSwish: 'Hardswish',
  Mish: 'Mish',
  Tanh: 'Tanh',
  Softplus: 'Softplus',
  Softsign: 'Softsign',
  Softmax: 'Softmax',
  LogSoftmax: 'LogSoftmax',
  Clip: 'ReLU6',
  Dropout: 'Dropout',
  Identity: 'Identity',
  Cast: 'Identity',
  // Between the orders of axes; shapes are height, width and channels here throughout.
  Transpose: 'Identity',
};

const merges: Readonly<Record<string, 'Add' | 'Subtract' | 'Multiply' | 'Average' | 'Maximum' | 'Minimum'>> = {
  Add: 'Add',
  Sum: 'Add',
  Sub: 'Subtract',
  Mul: 'Multiply',
  Mean: 'Average',
  Max: 'Maximum',
  Min: 'Minimum',
};

function layersOf({ nodes, weights: initializers }: OnnxFile, input: string): LayerSpec[] {
  const weights = new Map(initializers);
  for (const { opType, attribute, output } of nodes) {
    const tensor = attribute.find(({ name }) => name === 'value')?.t;
    if (opType === 'Constant' && tensor !== undefined) weights.set(output[0] ?? '', tensor);
  }
  /** The layer that makes a value; the network's input is called so. */
  const maker = new Map([[input, 'input']]);
  /** Values that are vectors, and numbers of shapes. */
  const vectors = new Set<string>();
  const shapes = new Set<string>();
  const layers: LayerSpec[] = [];
  for (const [i, node] of nodes.entries()) {
    const [output = ''] = node.output;
    const given = node.input.filter((name) => maker.has(name));
    // Around what computes with integers: no layers.
    if (node.opType === 'QuantizeLinear' || node.opType === 'DequantizeLinear') {
      const [from = ''] = given;
      maker.set(output, maker.get(from) ?? from);
      if (vectors.has(from)) vectors.add(output);
      continue;
    }
    if (given.length === 0 || (ofShapes.has(node.opType) && node.input.every((name) => name !== ''))) {
      if (ofShapes.has(node.opType) || node.input.every((name) => shapes.has(name) || weights.has(name))) {
        shapes.add(output);
        continue;
      }
    }
    const name =
      layers.some((layer) => layer.name === (node.name || output)) || (node.name || output) === 'input'
        ? `${node.name || output}_${i}`
        : node.name || output;
    const spec = layerOf(node, weights, vectors);
    layers.push({
      ...spec,
      name,
      inputs: given.map((each) => maker.get(each) ?? each),
      className: node.opType,
    } as LayerSpec);
    for (const each of node.output) maker.set(each, name);
    const keeps = given.some((each) => vectors.has(each));
    if (keeps || spec.type === 'Flatten' || spec.type === 'Linear') vectors.add(output);
  }
  return layers;
}

type Weights = OnnxFile['weights'];

function layerOf(node: NodeProto, weights: Weights, vectors: ReadonlySet<string>): LayerSpec {
  const { opType, input } = node;
  const [first = '', second = ''] = input;
  const numbers = (name: string) => node.attribute.find((each) => each.name === name)?.ints ?? [];
  const number = (name: string) => node.attribute.find((each) => each.name === name)?.i;
  const weight = weights.get(second)?.dims ?? [];
  const window = {
    stride: pairOf(numbers('strides')),
    dilation: pairOf(numbers('dilations')),
    padding: paddingOf(node),
  };
  const activation = elementwise[opType];
  if (activation !== undefined) return { type: activation } as LayerSpec;
  switch (opType) {
    case 'Conv': {
      const [outChannels = 0, , height = 1, width = 1] = weight;
      return {
        type: 'Conv2d',
        outChannels,
        kernelSize: [height, width],
        groups: number('group') ?? 1,
        bias: input.length > 2,
        ...window,
      };
    }
    case 'ConvTranspose': {
      const groups = number('group') ?? 1;
      const [, outChannels = 0, height = 1, width = 1] = weight;
      return {
        type: 'ConvTranspose2d',
        outChannels: outChannels * groups,
        kernelSize: [height, width],
        groups,
        bias: input.length > 2,
        outputPadding: pairOf(numbers('output_padding'), 0),
        ...window,
      };
    }
    case 'MaxPool':
    case 'AveragePool':
      return {
        type: opType === 'MaxPool' ? 'MaxPool2d' : 'AvgPool2d',
        kernelSize: pairOf(numbers('kernel_shape')),
        ceilMode: number('ceil_mode') === 1,
        ...window,
      };
    case 'GlobalAveragePool':
      return { type: 'AdaptiveAvgPool2d', outputSize: 1 };
    case 'GlobalMaxPool':
      return { type: 'AdaptiveMaxPool2d', outputSize: 1 };
    case 'ReduceMean':
      return number('keepdims') === 0 ? { type: 'GlobalAvgPool2d' } : { type: 'AdaptiveAvgPool2d', outputSize: 1 };
    case 'Gemm':
      return {
        type: 'Linear',
        outFeatures: (number('transB') === 1 ? weight[0] : weight[1]) ?? 0,
        bias: input.length > 2,
      };
    case 'MatMul':
      return { type: 'Linear', outFeatures: weight.at(-1) ?? 0, bias: false };
    case 'BatchNormalization':
      return { type: vectors.has(first) ? 'BatchNorm1d' : 'BatchNorm2d' };
    case 'LRN':
      return { type: 'LocalResponseNorm', size: number('size') ?? 1 };
    case 'Pad': {
      const pads = wholeNumbers(weights.get(second) ?? { name: '', dims: [], dataType: 0, int64Data: numbers('pads') });
      const [, before = 0, top = 0, left = 0, , after = 0, bottom = 0, right = 0] = pads;
      // Channels of zeros, as shortcuts without weights have them.
      if (before + after > 0)
        return {
          type: 'Custom',
          className: opType,
          outputShape: ([[height = 0, width = 0, channels = 0] = []]) => [
            height + top + bottom,
            width + left + right,
            before + channels + after,
          ],
          params: 0,
        };
      return {
        type: 'ZeroPad2d',
        padding: [
          [top, bottom],
          [left, right],
        ],
      };
    }
    case 'Concat':
      return { type: 'Concat' };
    case 'Flatten':
    case 'Squeeze':
    case 'Reshape':
      // Of one channel, another order of axes is another shape of the same numbers.
      return vectors.has(first) || rankOf(weights.get(second)) > 2 ? { type: 'Identity' } : { type: 'Flatten' };
  }
  const merge = merges[opType];
  const constants = input.filter((name) => weights.has(name));
  if (merge !== undefined && constants.length === 0 && input.length > 1) return { type: merge };
  return {
    type: 'Custom',
    className: opType,
    outputShape: ([shape = []]) => shape,
    params: constants.reduce((sum, name) => sum + (weights.get(name)?.dims ?? []).reduce((a, b) => a * b, 1), 0),
  };
}

/** How many axes a Reshape makes, where the file says it. */
function rankOf(shape: TensorProto | undefined): number {
  return shape === undefined ? 0 : wholeNumbers(shape).length;
}

function pairOf([height, width]: readonly number[], otherwise = 1): readonly [number, number] {
  return [height ?? otherwise, width ?? height ?? otherwise];
}

function paddingOf({ attribute }: NodeProto): Padding {
  const automatic = attribute.find(({ name }) => name === 'auto_pad')?.s;
  const mode = automatic === undefined ? 'NOTSET' : new TextDecoder().decode(automatic);
  if (mode.startsWith('SAME')) return 'same';
  const [top = 0, left = 0, bottom = top, right = left] = attribute.find(({ name }) => name === 'pads')?.ints ?? [];
  return [
    [top, bottom],
    [left, right],
  ];
}
