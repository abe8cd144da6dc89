/** The blocks of @cnnzoo/blocks as layers on paper, which need no TensorFlow.js. A test compares them with the blocks. */
import type { Conv2dSpec, LayerSpec } from '@cnnzoo/shape';

/** Where a part stands. */
export interface PartPlace {
  /** What its layers' names begin with. */
  readonly name: string;
  /** The layer whose output comes in. */
  readonly from: string;
  /** Of what comes in. */
  readonly channels: number;
}

type Convolution = Pick<Conv2dSpec, 'outChannels' | 'kernelSize' | 'stride' | 'padding'>;

function normalized(name: string, suffix: string, from: string, convolution: Convolution): LayerSpec[] {
  return [
    { type: 'Conv2d', name: `${name}.conv${suffix}`, inputs: from, bias: false, ...convolution },
    { type: 'BatchNorm2d', name: `${name}.bn${suffix}` },
  ];
}

/** Convolution, batch norm, ReLU. */
export function afterConvolution(name: string, from: string, convolution: Convolution): LayerSpec[] {
  return [...normalized(name, '', from, convolution), { type: 'ReLU', name: `${name}.relu` }];
}

function residual(
  { name, from, channels }: PartPlace,
  outChannels: number,
  stride: number,
  convolutions: readonly Convolution[],
): LayerSpec[] {
  const layers: LayerSpec[] = [];
  let inner = from;
  for (const [i, convolution] of convolutions.entries()) {
    layers.push(...normalized(name, String(i + 1), inner, convolution));
    inner = `${name}.bn${i + 1}`;
    if (i + 1 === convolutions.length) continue;
    layers.push({ type: 'ReLU', name: `${name}.relu${i + 1}` });
    inner = `${name}.relu${i + 1}`;
  }
  const projected = stride > 1 || channels !== outChannels;
  if (projected)
    layers.push(...normalized(`${name}.downsample`, '', from, { outChannels, kernelSize: 1, stride, padding: 0 }));
  return [
    ...layers,
    { type: 'Add', name: `${name}.add`, inputs: [projected ? `${name}.downsample.bn` : from, inner] },
    { type: 'ReLU', name: `${name}.relu` },
  ];
}

export function basicResidual([filters = 1, stride = 1]: readonly number[], place: PartPlace): LayerSpec[] {
  return residual(place, filters, stride, [
    { outChannels: filters, kernelSize: 3, stride, padding: 1 },
    { outChannels: filters, kernelSize: 3, stride: 1, padding: 1 },
  ]);
}

export function bottleneckResidual([width = 1, stride = 1]: readonly number[], place: PartPlace): LayerSpec[] {
  return residual(place, 4 * width, stride, [
    { outChannels: width, kernelSize: 1, stride: 1, padding: 0 },
    { outChannels: width, kernelSize: 3, stride, padding: 1 },
    { outChannels: 4 * width, kernelSize: 1, stride: 1, padding: 0 },
  ]);
}

export function inceptionModule(values: readonly number[], { name, from }: PartPlace): LayerSpec[] {
  const [one = 1, reduce3 = 1, three = 1, reduce5 = 1, five = 1, pool = 1] = values;
  const convolution = (branch: string, input: string, outChannels: number, kernelSize: number) =>
    afterConvolution(`${name}.${branch}`, input, { outChannels, kernelSize, stride: 1, padding: (kernelSize - 1) / 2 });
  return [
    ...convolution('branch1', from, one, 1),
    ...convolution('branch2.0', from, reduce3, 1),
    ...convolution('branch2.1', `${name}.branch2.0.relu`, three, 3),
    ...convolution('branch3.0', from, reduce5, 1),
    ...convolution('branch3.1', `${name}.branch3.0.relu`, five, 5),
    { type: 'MaxPool2d', name: `${name}.branch4.0`, inputs: from, kernelSize: 3, stride: 1, padding: 1 },
    ...convolution('branch4.1', `${name}.branch4.0`, pool, 1),
    {
      type: 'Concat',
      name: `${name}.cat`,
      inputs: ['branch1', 'branch2.1', 'branch3.1', 'branch4.1'].map((branch) => `${name}.${branch}.relu`),
    },
  ];
}
