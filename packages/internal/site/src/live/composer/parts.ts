/** What a network is composed of: for each kind its numbers, its layers on paper, and its code. */
import type { LayerSpec } from '@cnnzoo/shape';
import {
  afterConvolution,
  basicResidual,
  bottleneckResidual,
  inceptionModule,
  type PartPlace,
} from './block-layers.js';

export interface Field {
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

export interface Kind {
  readonly title: string;
  readonly fields: readonly Field[];
  /** The last layer is the part's output. */
  readonly layers: (values: readonly number[], place: PartPlace) => readonly LayerSpec[];
  /** Whether the part takes a feature map only, although the shape calculator would let a vector pass. */
  readonly needsMap?: boolean;
  readonly channels: (values: readonly number[], before: number) => number;
  /** Functions of @cnnzoo/blocks in `code`. */
  readonly imports: readonly string[];
  /**
   * What makes the part: calls for `connect`, which makes layers follow each other, or one call of a function of a tensor.
   * @param name as a literal of TypeScript, without its quotes
   */
  readonly code: (
    values: readonly number[],
    name: string,
  ) => { readonly layers: readonly string[] } | { readonly block: string };
}

const filters = (value: number): Field => ({ name: 'filters', value, min: 1, max: 4096 });
const kernel = (value: number): Field => ({ name: 'kernel', value, min: 1, max: 15 });
const stride = (value: number): Field => ({ name: 'stride', value, min: 1, max: 8 });
const padding = (value: number): Field => ({ name: 'padding', value, min: 0, max: 7 });
const first = ([value = 0]: readonly number[]) => value;
const same = (_: readonly number[], before: number) => before;

function layer(title: string, factory: string, spec: (name: string) => LayerSpec): Kind {
  return {
    title,
    fields: [],
    layers: (_, { name, from }) => [{ ...spec(name), inputs: from }],
    channels: same,
    imports: [factory],
    code: (_, name) => ({ layers: [`${factory}({ name: '${name}' })`] }),
  };
}

export const kinds = {
  stem: {
    title: 'stem: convolution, batch norm, ReLU, pooling',
    fields: [filters(64), kernel(7), stride(2)],
    layers: ([outChannels = 1, size = 1, step = 1], { name, from }) => [
      ...afterConvolution(name, from, { outChannels, kernelSize: size, stride: step, padding: Math.floor(size / 2) }),
      { type: 'MaxPool2d', name: `${name}.maxpool`, kernelSize: 3, stride: 2, padding: 1 },
    ],
    channels: first,
    imports: ['conv2d', 'batchNorm', 'relu', 'maxPooling2d'],
    code: ([outChannels = 1, size = 1, step = 1], name) => ({
      layers: [
        `conv2d({ name: '${name}.conv', filters: ${outChannels}, kernelSize: ${size}, stride: ${step}, padding: ${Math.floor(size / 2)}, useBias: false })`,
        `batchNorm({ name: '${name}.bn' })`,
        `relu({ name: '${name}.relu' })`,
        `maxPooling2d({ name: '${name}.maxpool', poolSize: 3, stride: 2, padding: 1 })`,
      ],
    }),
  },
  conv: {
    title: 'convolution',
    fields: [filters(64), kernel(3), stride(1), padding(1)],
    layers: ([outChannels = 1, kernelSize = 1, step = 1, pad = 0], { name, from }) => [
      { type: 'Conv2d', name, inputs: from, outChannels, kernelSize, stride: step, padding: pad },
    ],
    channels: first,
    imports: ['conv2d'],
    code: ([outChannels, size, step, pad], name) => ({
      layers: [
        `conv2d({ name: '${name}', filters: ${outChannels}, kernelSize: ${size}, stride: ${step}, padding: ${pad} })`,
      ],
    }),
  },
  bn: layer('batch norm', 'batchNorm', (name) => ({ type: 'BatchNorm2d', name })),
  relu: layer('ReLU', 'relu', (name) => ({ type: 'ReLU', name })),
  cbr: {
    title: 'convolution, batch norm, ReLU',
    fields: [filters(64), kernel(3), stride(1), padding(1)],
    layers: ([outChannels = 1, kernelSize = 1, step = 1, pad = 0], { name, from }) =>
      afterConvolution(name, from, { outChannels, kernelSize, stride: step, padding: pad }),
    channels: first,
    imports: ['convBatchNormRelu'],
    code: ([outChannels, size, step, pad], name) => ({
      block: `convBatchNormRelu(x, { name: '${name}', filters: ${outChannels}, kernelSize: ${size}, stride: ${step}, padding: ${pad} })`,
    }),
  },
  residual: {
    title: 'residual block, two 3x3',
    fields: [filters(64), stride(1)],
    layers: basicResidual,
    channels: first,
    imports: ['basicBlock'],
    code: ([outChannels, step], name) => ({
      block: `basicBlock(x, { name: '${name}', filters: ${outChannels}, stride: ${step} })`,
    }),
  },
  bottleneck: {
    title: 'residual block, 1x1, 3x3, 1x1',
    fields: [{ name: 'width', value: 64, min: 1, max: 1024 }, stride(1)],
    layers: bottleneckResidual,
    channels: (values) => 4 * first(values),
    imports: ['bottleneckBlock'],
    code: ([width, step], name) => ({
      block: `bottleneckBlock(x, { name: '${name}', width: ${width}, stride: ${step} })`,
    }),
  },
  inception: {
    title: 'inception module',
    fields: [
      ['1x1', 64],
      ['reduce 3x3', 96],
      ['3x3', 128],
      ['reduce 5x5', 16],
      ['5x5', 32],
      ['pool', 32],
    ].map(([name, value]) => ({ name: String(name), value: Number(value), min: 1, max: 2048 })),
    layers: inceptionModule,
    channels: ([one = 0, , three = 0, , five = 0, pool = 0]) => one + three + five + pool,
    imports: ['inception'],
    code: ([one, reduce3, three, reduce5, five, pool], name) => ({
      block: `inception(x, { name: '${name}', branch1x1: ${one}, reduce3x3: ${reduce3}, branch3x3: ${three}, reduce5x5: ${reduce5}, branch5x5: ${five}, poolProjection: ${pool} })`,
    }),
  },
  pool: {
    title: 'max pooling',
    fields: [kernel(2), stride(2), padding(0)],
    layers: ([kernelSize = 1, step = 1, pad = 0], { name, from }) => [
      { type: 'MaxPool2d', name, inputs: from, kernelSize, stride: step, padding: pad },
    ],
    channels: same,
    imports: ['maxPooling2d'],
    code: ([size, step, pad], name) => ({
      layers: [`maxPooling2d({ name: '${name}', poolSize: ${size}, stride: ${step}, padding: ${pad} })`],
    }),
  },
  flatten: { ...layer('flatten', 'flatten', (name) => ({ type: 'Flatten', name })), needsMap: true },
  dropout: {
    title: 'dropout',
    fields: [{ name: 'percent', value: 50, min: 0, max: 99 }],
    layers: (_, { name, from }) => [{ type: 'Dropout', name, inputs: from }],
    channels: same,
    imports: ['dropout'],
    code: ([percent = 0], name) => ({ layers: [`dropout({ name: '${name}', rate: ${percent / 100} })`] }),
  },
  linear: {
    title: 'dense layer',
    fields: [{ name: 'units', value: 120, min: 1, max: 8192 }],
    layers: ([outFeatures = 1], { name, from }) => [{ type: 'Linear', name, inputs: from, outFeatures }],
    channels: first,
    imports: ['dense'],
    code: ([units], name) => ({ layers: [`dense({ name: '${name}', units: ${units} })`] }),
  },
  head: {
    title: 'head: global average pooling, dense layer',
    fields: [{ name: 'classes', value: 10, min: 1, max: 100_000 }],
    layers: ([outFeatures = 1], { name, from }) => [
      { type: 'GlobalAvgPool2d', name: `${name}.avgpool`, inputs: from },
      { type: 'Linear', name: `${name}.fc`, outFeatures },
    ],
    channels: first,
    imports: ['globalAveragePooling2d', 'dense'],
    code: ([classes], name) => ({
      layers: [
        `globalAveragePooling2d({ name: '${name}.avgpool' })`,
        `dense({ name: '${name}.fc', units: ${classes} })`,
      ],
    }),
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof kinds;

export const kindNames = Object.keys(kinds) as KindName[];

export const kindOf = (name: KindName): Kind => kinds[name];
