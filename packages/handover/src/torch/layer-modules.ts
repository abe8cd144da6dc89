/**
 * How each layer is written in PyTorch: the module that holds its weights or settings, and how it is called. What needs no module is an
 * expression of its inputs.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';

type Layer = LayersModel['layers'][number];

/** A layer in Python. */
export interface PythonLayer {
  /** The constructor of an nn.Module, or null where an expression does. */
  readonly module: string | null;
  /** @param call the module's name in the program, where there is one */
  readonly call: (call: string, inputs: readonly string[]) => string;
}

/** What a layer is given: [height, width, channels] or [features], and which of them. */
type Shapes = readonly (readonly (number | null)[])[];

type Config = Readonly<Record<string, unknown>>;
type Writer = (config: Config, shapes: Shapes, layer: Layer) => PythonLayer;

const numbers = (value: unknown): [number, number] => {
  const [height, width = height] = [value].flat() as number[];
  return [height ?? 0, width ?? 0];
};

const pair = (value: unknown): string => {
  const [height, width] = numbers(value);
  return height === width ? String(height) : `(${height}, ${width})`;
};

/** Named arguments, without those that are PyTorch's default. */
function named(
  values: Readonly<Record<string, string | number | boolean>>,
  defaults: Readonly<Record<string, unknown>>,
): string {
  return Object.entries(values)
    .filter(([name, value]) => String(value) !== String(defaults[name]))
    .map(([name, value]) => `, ${name}=${typeof value === 'boolean' ? (value ? 'True' : 'False') : value}`)
    .join('');
}

const asModule = (module: string): PythonLayer => ({ module, call: (call, [x]) => `${call}(${x})` });
const asExpression = (expression: (...inputs: string[]) => string): PythonLayer => ({
  module: null,
  call: (_, inputs) => expression(...inputs),
});

/** Zeros (or another value) before a window: PyTorch's own where both sides are the same, else F.pad. */
interface Padding {
  readonly own: string;
  readonly around: (x: string) => string;
}

function padding(config: Config, [shape = []]: Shapes, kernel: unknown, name: string, value = '0'): Padding {
  const given = config['padding'];
  if (given === 'valid') return { own: '0', around: (x) => x };
  if (given !== 'same') return { own: pair(given ?? 0), around: (x) => x };
  const sides = [0, 1].map((axis) => {
    const size = shape[axis];
    if (typeof size !== 'number')
      throw new RangeError(`layer '${name}' pads as 'same' an input of open size: give the model an inputShape`);
    const [k, stride, dilation] = [kernel, config['stride'] ?? 1, config['dilation'] ?? 1].map(
      (each) => numbers(each)[axis] ?? 1,
    ) as [number, number, number];
    const missing = Math.max(0, (Math.ceil(size / stride) - 1) * stride + (k - 1) * dilation + 1 - size);
    return [Math.floor(missing / 2), missing - Math.floor(missing / 2)] as const;
  });
  const [[top, bottom], [left, right]] = sides as [readonly [number, number], readonly [number, number]];
  if (top === bottom && left === right) return { own: pair([top, left]), around: (x) => x };
  return { own: '0', around: (x) => `F.pad(${x}, (${left}, ${right}, ${top}, ${bottom}), value=${value})` };
}

const conv2d: Writer = (config, shapes, { name }) => {
  const { filters, kernelSize, stride = 1, dilation = 1, groups = 1, useBias = true } = config;
  const { own, around } = padding(config, shapes, kernelSize, name);
  const options = named(
    { stride: pair(stride), padding: own, dilation: pair(dilation), groups: Number(groups), bias: useBias === true },
    { stride: 1, padding: 0, dilation: 1, groups: 1, bias: true },
  );
  return {
    module: `nn.Conv2d(${shapes[0]?.at(-1)}, ${filters}, ${pair(kernelSize)}${options})`,
    call: (call, [x = 'x']) => `${call}(${around(x)})`,
  };
};

const pooling =
  (kind: 'Max' | 'Avg'): Writer =>
  (config, shapes, { name }) => {
    const { poolSize, stride = poolSize, ceilMode = false, countIncludePad = true } = config;
    const { own, around } = padding(
      { ...config, stride },
      shapes,
      poolSize,
      name,
      kind === 'Max' ? 'float("-inf")' : '0',
    );
    if (kind === 'Avg' && around('x') !== 'x')
      throw new RangeError(
        `layer '${name}' averages over windows that are padded on one side: PyTorch has no such layer`,
      );
    const counted = config['padding'] === 'same' ? false : countIncludePad === true;
    const options = named(
      {
        stride: pair(stride),
        padding: own,
        ceil_mode: ceilMode === true,
        ...(kind === 'Avg' && { count_include_pad: counted }),
      },
      {
        stride: pair(poolSize),
        padding: 0,
        ceil_mode: false,
        count_include_pad: own === '0' ? String(counted) : 'true',
      },
    );
    return {
      module: `nn.${kind}Pool2d(${pair(poolSize)}${options})`,
      call: (call, [x = 'x']) => `${call}(${around(x)})`,
    };
  };

const linear: Writer = ({ units, useBias = true }, [shape = []]) =>
  asModule(`nn.Linear(${shape.at(-1)}, ${units}${useBias === true ? '' : ', bias=False'})`);

const batchNorm: Writer = ({ epsilon = 1e-5, momentum = 0.9, activation }, [shape = []]) => {
  const options = named(
    { eps: Number(epsilon), momentum: Number((1 - Number(momentum)).toPrecision(12)) },
    { eps: 1e-5, momentum: 0.1 },
  );
  const module = `nn.BatchNorm${shape.length === 3 ? '2d' : '1d'}(${shape.at(-1)}${options})`;
  return { module, call: (call, [x]) => (activation === 'relu' ? `F.relu(${call}(${x}))` : `${call}(${x})`) };
};

const writers: Readonly<Record<string, Writer>> = {
  CnnzooConv2D: conv2d,
  CnnzooDense: linear,
  CnnzooBatchNormalization: batchNorm,
  CnnzooMaxPooling2D: pooling('Max'),
  CnnzooAveragePooling2D: pooling('Avg'),
  CnnzooAdaptiveAveragePooling2D: ({ outputSize }) => asModule(`nn.AdaptiveAvgPool2d(${pair(outputSize)})`),
  CnnzooDropout: ({ rate }) => asModule(`nn.Dropout(${rate})`),
  CnnzooLocalResponseNormalization: ({ size, bias, alpha, beta }) =>
    // PyTorch divides alpha by the size.
    asModule(`nn.LocalResponseNorm(${size}, alpha=${Number(alpha) * Number(size)}, beta=${beta}, k=${bias})`),
  CnnzooZeroPaddedShortcut: ({ filters, stride = 1 }, [shape = []]) => {
    const added = Number(filters) - Number(shape.at(-1));
    const before = Math.floor(added / 2);
    const step = Number(stride) === 1 ? '' : `[:, :, ::${stride}, ::${stride}]`;
    return asExpression((x) => `F.pad(${x}${step}, (0, 0, 0, 0, ${before}, ${added - before}))`);
  },
  CnnzooContrastNormalization: ({ scale }) =>
    asExpression(
      (x) =>
        `(lambda y: y * ${scale} / F.threshold(torch.linalg.vector_norm(y, dim=(1, 2, 3), keepdim=True), 1e-4, ${scale}))(${x} - ${x}.mean((1, 2, 3), keepdim=True))`,
    ),
  Reshape: ({ targetShape }, _, { name }) => {
    const [height, width, channels] = targetShape as number[];
    if (channels === undefined) throw unknownLayer(name, `Reshape to [${targetShape}]`);
    return asExpression((x) => `${x}.unflatten(1, (${height}, ${width}, ${channels})).permute(0, 3, 1, 2)`);
  },
  CnnzooPRelu: (_, [shape = []]) => asModule(`nn.PReLU(${shape.at(-1)})`),
  CnnzooMaxout: ({ pieces }, [shape = []]) =>
    asExpression((x) => `${x}.unflatten(1, (${Number(shape.at(-1)) / Number(pieces)}, ${pieces})).amax(2)`),
  CnnzooHighwayGate: () =>
    asExpression((carried, transformed, gate) => `${carried} + ${gate} * (${transformed} - ${carried})`),
  CnnzooSpatialPyramidPooling: ({ levels }) =>
    asExpression(
      (x) =>
        `torch.cat([F.adaptive_max_pool2d(${x}, bins).flatten(1) for bins in (${(levels as number[]).join(', ')},)], 1)`,
    ),
  ELU: ({ alpha = 1 }) => asExpression((x) => `F.elu(${x}${alpha === 1 ? '' : `, ${alpha}`})`),
  ReLU: () => asExpression((x) => `F.relu(${x})`),
  Softmax: () => asExpression((x) => `F.softmax(${x}, 1)`),
  Flatten: () => asExpression((x) => `torch.flatten(${x}, 1)`),
  Dropout: ({ rate }) => asModule(`nn.Dropout(${rate})`),
  Add: () => asExpression((...inputs) => inputs.join(' + ')),
  Multiply: () => asExpression((...inputs) => inputs.join(' * ')),
  Concatenate: () => asExpression((...inputs) => `torch.cat([${inputs.join(', ')}], 1)`),
  GlobalAveragePooling2D: () => asExpression((x) => `${x}.mean((2, 3))`),
  GlobalMaxPooling2D: () => asExpression((x) => `${x}.amax((2, 3))`),
  ZeroPadding2D: ({ padding: sides }) => {
    const [[top, bottom], [left, right]] = sides as [[number, number], [number, number]];
    return asExpression((x) => `F.pad(${x}, (${left}, ${right}, ${top}, ${bottom}))`);
  },
  Activation: ({ activation }, _, { name }) => {
    const functions: Readonly<Record<string, string>> = {
      relu: 'F.relu',
      tanh: 'torch.tanh',
      sigmoid: 'torch.sigmoid',
      linear: '',
    };
    const known = functions[String(activation)];
    if (known === undefined) throw unknownLayer(name, `Activation '${activation}'`);
    return asExpression((x) => (known === '' ? x : `${known}(${x})`));
  },
};

function unknownLayer(name: string, what: string): RangeError {
  return new RangeError(
    `layer '${name}' (${what}) has no form in PyTorch here, expected one of ${Object.keys(writers).join(', ')}`,
  );
}

/**
 * @param shapes of the layer's inputs, without the batch
 * @throws RangeError naming a layer that is not known
 */
export function pythonLayer(layer: Layer, shapes: Shapes): PythonLayer {
  const write = writers[layer.getClassName()];
  if (write === undefined) throw unknownLayer(layer.name, layer.getClassName());
  return write(layer.getConfig() as Config, shapes, layer);
}
