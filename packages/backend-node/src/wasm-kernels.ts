/**
 * Kernels of tfjs's WebAssembly backend that training needs and that it lacks or gets wrong, made of kernels that it has. It lacks the
 * filter gradient and both gradients of depthwise convolutions. It gets wrong: gradients of 3-D convolutions (the filter's for strides
 * above 1, the input's always), those of max pooling (with equal maxima, and else by chance), `oneHot` of type float32, and convolutions
 * with padding 'same' whose stride is so much larger than their kernel that they leave out the last rows or columns.
 *
 * With x padded, the filter gradient at kernel offset (i, j) is one matrix product over all batches and output positions:
 * dW[i, j] = X_ij^T dY, where X_ij are the input positions that offset (i, j) meets, in steps of the stride.
 */
import * as tf from '@tensorflow/tfjs-core';

type Attributes = Record<string, unknown>;
type Inputs = Record<string, tf.TensorInfo>;

const backendName = 'wasm';

/** One spatial axis of a convolution. */
interface Axis {
  readonly input: number;
  readonly kernel: number;
  readonly output: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: readonly [before: number, after: number];
}

/** The kernel's inputs are tensors where tfjs's engine calls it, and only descriptions of them where another kernel does. */
function tensor(inputs: Inputs, name: string): tf.Tensor {
  const info = inputs[name];
  if (info === undefined) throw new TypeError(`backend wasm: input '${name}' is missing`);
  return 'rank' in info ? (info as tf.Tensor) : tf.engine().makeTensorFromTensorInfo(info);
}

/** Rows and columns, as tfjs describes them for convolutions of two and of three dimensions. */
function axesInPlane(info: tf.backend_util.Conv2DInfo | tf.backend_util.Conv3DInfo): Axis[] {
  const { padInfo } = info;
  return [
    {
      input: info.inHeight,
      kernel: info.filterHeight,
      output: info.outHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      padding: [padInfo.top, padInfo.bottom],
    },
    {
      input: info.inWidth,
      kernel: info.filterWidth,
      output: info.outWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      padding: [padInfo.left, padInfo.right],
    },
  ];
}

function axes2d(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, dilations = 1, pad, dimRoundingMode, dataFormat = 'NHWC' }: Attributes,
  depthwise: boolean,
): Axis[] {
  if (dataFormat !== 'NHWC') throw new Error(`backend wasm: dataFormat is ${dataFormat}, expected NHWC`);
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides as [number, number],
    dilations as [number, number],
    pad as 'valid',
    dimRoundingMode as 'floor',
    depthwise,
  );
  return axesInPlane(info);
}

/** Rows and columns of a pooling: as of a convolution whose filter has the window's size. */
function poolingAxes(inputShape: readonly number[], { filterSize, ...attributes }: Attributes): Axis[] {
  const [height, width] = Array.isArray(filterSize) ? (filterSize as number[]) : [filterSize, filterSize];
  const channels = inputShape[3] ?? 1;
  return axes2d(inputShape, [Number(height), Number(width), channels, channels], attributes, false);
}

function axes3d(inputShape: readonly number[], filterShape: readonly number[], { strides, pad }: Attributes): Axis[] {
  const info = tf.backend_util.computeConv3DInfo(
    inputShape as [number, number, number, number, number],
    filterShape as [number, number, number, number, number],
    strides as [number, number, number],
    1,
    pad as 'valid',
  );
  const depth: Axis = {
    input: info.inDepth,
    kernel: info.filterDepth,
    output: info.outDepth,
    stride: info.strideDepth,
    dilation: info.dilationDepth,
    padding: [info.padInfo.front, info.padInfo.back],
  };
  return [depth, ...axesInPlane(info)];
}

/** Input positions that are met when the output's last position meets the kernel's last. */
function extent({ output, stride, kernel, dilation }: Axis): number {
  return (output - 1) * stride + (kernel - 1) * dilation + 1;
}

/** Every kernel offset, in the filter's order. */
function offsets(axes: readonly Axis[]): number[][] {
  return axes.reduce<number[][]>(
    (all, { kernel }) => all.flatMap((offset) => Array.from({ length: kernel }, (_, i) => [...offset, i])),
    [[]],
  );
}

/** x padded or cut along its spatial axes to the positions that windows meet: [batch, extent…, channels]. */
function windowed(x: tf.Tensor, axes: readonly Axis[], padding = 0): tf.Tensor {
  const around = axes.map((axis): [number, number] => [
    axis.padding[0],
    Math.max(0, extent(axis) - axis.input - axis.padding[0]),
  ]);
  const padded = tf.pad(x, [[0, 0], ...around, [0, 0]], padding);
  return tf.slice(
    padded,
    x.shape.map(() => 0),
    [x.shape[0] ?? 1, ...axes.map(extent), -1],
  );
}

/** The positions that one kernel offset meets: [batch, output…, channels]. */
function metBy(offset: readonly number[], x: tf.Tensor, axes: readonly Axis[]): tf.Tensor {
  const begin = axes.map(({ dilation }, i) => (offset[i] ?? 0) * dilation);
  const end = axes.map(({ output, stride }, i) => (begin[i] ?? 0) + (output - 1) * stride + 1);
  return tf.stridedSlice(
    x,
    [0, ...begin, 0],
    [x.shape[0] ?? 1, ...end, x.shape.at(-1) ?? 1],
    [1, ...axes.map(({ stride }) => stride), 1],
  );
}

/** x [batch, …, in], dy [batch, …, out] -> [kernel…, in, out] */
function filterGradient(x: tf.Tensor, dy: tf.Tensor, axes: readonly Axis[]): tf.Tensor {
  const [channelsIn = 1, channelsOut = 1] = [x.shape.at(-1), dy.shape.at(-1)];
  const input = windowed(x, axes);
  const rows = tf.reshape(dy, [-1, channelsOut]);
  // Transposed here, because the product of the WebAssembly backend is fast only where it has nothing to transpose.
  const products = offsets(axes).map((offset) =>
    tf.matMul(
      tf.transpose(tf.reshape(metBy(offset, input, axes), [-1, channelsIn])) as tf.Tensor2D,
      rows as tf.Tensor2D,
    ),
  );
  return tf.reshape(tf.stack(products), [...axes.map(({ kernel }) => kernel), channelsIn, channelsOut]);
}

/** x [batch, h, w, in], dy [batch, h', w', in * multiplier] -> [kh, kw, in, multiplier] */
function depthwiseFilterGradient(x: tf.Tensor, dy: tf.Tensor, axes: readonly Axis[], multiplier: number): tf.Tensor {
  const channels = x.shape.at(-1) ?? 1;
  const input = windowed(x, axes);
  const rows = tf.reshape(dy, [-1, channels, multiplier]);
  const sums = offsets(axes).map((offset) =>
    tf.sum(tf.mul(tf.reshape(metBy(offset, input, axes), [-1, channels, 1]), rows), 0),
  );
  return tf.reshape(tf.stack(sums), [...axes.map(({ kernel }) => kernel), channels, multiplier]);
}

/** Puts `stride - 1` zeros between neighbours along an axis of x. */
function spread(x: tf.Tensor, axis: number, stride: number): tf.Tensor {
  if (stride === 1) return x;
  const { shape } = x;
  const size = shape[axis] ?? 1;
  const rows = shape.slice(0, axis + 1).reduce((product, length) => product * length, 1);
  const apart = tf.pad(tf.reshape(x, [rows, 1, -1]), [
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
  const long = tf.reshape(apart, [...shape.slice(0, axis), size * stride, ...shape.slice(axis + 1)]);
  const wanted = [...long.shape];
  wanted[axis] = (size - 1) * stride + 1;
  return tf.slice(
    long,
    shape.map(() => 0),
    wanted,
  );
}

/**
 * Adds up what each kernel offset gives back to the input.
 * @param shareOf of the kernel offset k: a value for each batch, output position and channel
 * @returns [batch, input…, channels]
 */
function inputGradient(
  batch: number,
  channels: number,
  axes: readonly Axis[],
  shareOf: (k: number) => tf.Tensor,
): tf.Tensor {
  let sum: tf.Tensor | null = null;
  for (const [k, offset] of offsets(axes).entries()) {
    const share = tf.reshape(shareOf(k), [batch, ...axes.map(({ output }) => output), channels]);
    const apart = axes.reduce<tf.Tensor>((x, { stride }, i) => spread(x, i + 1, stride), share);
    const placed = tf.pad(apart, [
      [0, 0],
      ...axes.map(({ kernel, dilation }, i): [number, number] => {
        const begin = (offset[i] ?? 0) * dilation;
        return [begin, (kernel - 1) * dilation - begin];
      }),
      [0, 0],
    ]);
    sum = sum === null ? placed : tf.add(sum, placed);
  }
  if (sum === null) throw new RangeError('backend wasm: a filter without weights');
  // From the padded input's positions to the input's own.
  const long = tf.pad(sum, [
    [0, 0],
    ...axes.map((axis): [number, number] => [0, Math.max(0, axis.padding[0] + axis.input - extent(axis))]),
    [0, 0],
  ]);
  return tf.slice(
    long,
    [0, ...axes.map(({ padding }) => padding[0]), 0],
    [batch, ...axes.map(({ input }) => input), channels],
  );
}

/** dy [batch, h', w', in * multiplier], filter [kh, kw, in, multiplier] -> [batch, h, w, in] */
function depthwiseInputGradient(dy: tf.Tensor, filter: tf.Tensor, axes: readonly Axis[]): tf.Tensor {
  const [, , channels = 1, multiplier = 1] = filter.shape;
  const weights = tf.reshape(filter, [-1, channels, multiplier]);
  const rows = tf.reshape(dy, [-1, channels, multiplier]);
  return inputGradient(dy.shape[0] ?? 1, channels, axes, (k) =>
    tf.sum(tf.mul(rows, tf.slice(weights, [k, 0, 0], [1, channels, multiplier])), 2),
  );
}

/** dy [batch, d', h', w', out], filter [kd, kh, kw, in, out] -> [batch, d, h, w, in] */
function inputGradient3d(dy: tf.Tensor, filter: tf.Tensor, axes: readonly Axis[]): tf.Tensor {
  const [, , , channelsIn = 1, channelsOut = 1] = filter.shape;
  const weights = tf.reshape(filter, [-1, channelsIn, channelsOut]);
  const rows = tf.reshape(dy, [-1, channelsOut]);
  return inputGradient(dy.shape[0] ?? 1, channelsIn, axes, (k) => {
    const weight = tf.reshape(tf.slice(weights, [k, 0, 0], [1, channelsIn, channelsOut]), [channelsIn, channelsOut]);
    return tf.matMul(rows as tf.Tensor2D, tf.transpose(weight) as tf.Tensor2D);
  });
}

/**
 * The gradient of max pooling: all of dy goes to the first of a window's maxima, as in tfjs's cpu backend and in TensorFlow.
 * x [batch, h, w, channels], y and dy [batch, h', w', channels] -> [batch, h, w, channels]
 */
function maxPoolGradient(x: tf.Tensor, y: tf.Tensor, dy: tf.Tensor, axes: readonly Axis[]): tf.Tensor {
  const input = windowed(x, axes, Number.NEGATIVE_INFINITY);
  const all = offsets(axes);
  // 1 for windows whose maximum has not been met yet.
  let open: tf.Tensor = tf.onesLike(dy);
  return inputGradient(x.shape[0] ?? 1, x.shape.at(-1) ?? 1, axes, (k) => {
    const met = tf.mul(tf.cast(tf.equal(metBy(all[k] ?? [], input, axes), y), 'float32'), open);
    open = tf.sub(open, met);
    return tf.mul(dy, met);
  });
}

const kernels: Readonly<Record<string, (inputs: Inputs, attributes: Attributes) => tf.Tensor>> = {
  Conv2DBackpropFilter(inputs, attributes) {
    const [x, dy] = [tensor(inputs, 'x'), tensor(inputs, 'dy')];
    return filterGradient(x, dy, axes2d(x.shape, attributes['filterShape'] as number[], attributes, false));
  },
  MaxPoolGrad(inputs, attributes) {
    const [x, y, dy] = [tensor(inputs, 'input'), tensor(inputs, 'output'), tensor(inputs, 'dy')];
    return maxPoolGradient(x, y, dy, poolingAxes(x.shape, attributes));
  },
  Conv3DBackpropFilterV2(inputs, attributes) {
    const [x, dy] = [tensor(inputs, 'x'), tensor(inputs, 'dy')];
    return filterGradient(x, dy, axes3d(x.shape, attributes['filterShape'] as number[], attributes));
  },
  Conv3DBackpropInputV2(inputs, attributes) {
    const [dy, filter] = [tensor(inputs, 'dy'), tensor(inputs, 'filter')];
    return inputGradient3d(dy, filter, axes3d(attributes['inputShape'] as number[], filter.shape, attributes));
  },
  DepthwiseConv2dNativeBackpropFilter(inputs, attributes) {
    const [x, dy] = [tensor(inputs, 'x'), tensor(inputs, 'dy')];
    const filterShape = attributes['filterShape'] as number[];
    return depthwiseFilterGradient(x, dy, axes2d(x.shape, filterShape, attributes, true), filterShape[3] ?? 1);
  },
  DepthwiseConv2dNativeBackpropInput(inputs, attributes) {
    const [dy, filter] = [tensor(inputs, 'dy'), tensor(inputs, 'filter')];
    return depthwiseInputGradient(
      dy,
      filter,
      axes2d(attributes['inputShape'] as number[], filter.shape, attributes, true),
    );
  },
};

/** Kernels of this backend find their functions in the WebAssembly module by `setupFunc`, which therefore stays. */
function replace(kernelName: string, kernelFunc: tf.KernelFunc): void {
  const original = tf.getKernel(kernelName, backendName);
  if (original != null) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...original, kernelName, backendName, kernelFunc });
}

/** XNNPACK's padding 'same' is wrong where windows do not reach the input's end: then the input is cut to what they meet. */
function mendSamePadding(kernelName: string, depthwise: boolean): void {
  const original = tf.getKernel(kernelName, backendName);
  if (original == null) return;
  replace(kernelName, (call) => {
    const { inputs, attrs = {} } = call;
    const attributes = attrs as Attributes;
    const [x, filter] = [inputs['x'], inputs['filter']];
    if (attributes['pad'] !== 'same' || x === undefined || filter === undefined) return original.kernelFunc(call);
    const axes = axes2d(x.shape, filter.shape, attributes, depthwise);
    if (axes.every((axis) => extent(axis) >= axis.input)) return original.kernelFunc(call);
    const cut = tf.tidy(() => windowed(tensor(inputs as Inputs, 'x'), axes));
    const result = original.kernelFunc({ ...call, inputs: { ...inputs, x: cut }, attrs: { ...attrs, pad: 'valid' } });
    tf.dispose(cut);
    return result;
  });
}

/** `oneHot` writes its numbers as integers whatever the type is. */
function mendOneHot(): void {
  const original = tf.getKernel('OneHot', backendName);
  if (original == null) return;
  replace('OneHot', (call) => {
    const { attrs = {}, inputs } = call;
    if (attrs['dtype'] !== 'float32') return original.kernelFunc(call);
    const { depth, onValue, offValue } = attrs as { depth: number; onValue: number; offValue: number };
    return tf.tidy(() => {
      const places = tf.oneHot(tensor(inputs as Inputs, 'indices') as tf.Tensor1D, depth, 1, 0, 'int32');
      return tf.add(tf.mul(tf.cast(places, 'float32'), onValue - offValue), offValue);
    });
  });
}

let registered = false;

/** Registers these kernels for tfjs's backend `wasm`, instead of its own where there is one. Calling it again changes nothing. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  for (const [kernelName, compute] of Object.entries(kernels))
    replace(kernelName, ({ inputs, attrs }) => tf.tidy(() => compute(inputs as Inputs, (attrs ?? {}) as Attributes)));
  for (const kernelName of ['Conv2D', 'FusedConv2D']) mendSamePadding(kernelName, false);
  for (const kernelName of ['DepthwiseConv2dNative', 'FusedDepthwiseConv2D']) mendSamePadding(kernelName, true);
  mendOneHot();
}
