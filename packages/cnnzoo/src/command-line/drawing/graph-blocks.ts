/** A network's layers as the boxes of a drawing: a convolution with the batch norm and activation that follow it is one. */
import type { LayerSummary, ModelSummary } from '@cnnzoo/shape';

export interface Block {
  /** Of its first layer. */
  readonly name: string;
  readonly kind: 'window' | 'pool' | 'linear' | 'merge' | 'other';
  /** What it does, as `conv 3×3, 64, stride 2`. */
  readonly title: string;
  /** What follows in the same box. */
  readonly also: readonly string[];
  readonly inputs: readonly string[];
  readonly outputShape: readonly number[];
  readonly params: number;
  readonly macs: number;
  readonly auxiliary: boolean;
}

/** Layers that only say something more of the layer before. */
const followers =
  /^(BatchNorm|ReLU|LeakyReLU|ELU|SELU|GELU|SiLU|Mish|Sigmoid|Hard|Soft|LogSoftmax|Tanh|Dropout|LocalResponseNorm|Identity|Flatten)/;

export function graphBlocks(summary: ModelSummary): readonly Block[] {
  const users = new Map<string, number>();
  for (const { inputs } of summary.layers) for (const name of inputs) users.set(name, (users.get(name) ?? 0) + 1);
  /** The block that a layer is part of. */
  const blockOf = new Map<string, string>();
  const members = new Map<string, LayerSummary[]>();
  for (const layer of summary.layers) {
    const [only = '', ...others] = layer.inputs;
    const host = others.length === 0 && users.get(only) === 1 ? blockOf.get(only) : undefined;
    const into = host !== undefined && followers.test(layer.type) ? host : layer.name;
    blockOf.set(layer.name, into);
    members.set(into, [...(members.get(into) ?? []), layer]);
  }
  const inputs = summary.inputs.map(
    ({ name, shape }): Block => ({
      name,
      kind: 'other',
      title: 'input',
      also: [],
      inputs: [],
      outputShape: shape,
      params: 0,
      macs: 0,
      auxiliary: false,
    }),
  );
  const blocks = [...members].flatMap(([name, [first, ...rest]]): Block[] => {
    if (first === undefined) return [];
    const all = [first, ...rest];
    const sum = (of: (layer: LayerSummary) => number) => all.reduce((total, layer) => total + of(layer), 0);
    return [
      {
        name,
        kind: kindOf(first),
        title: titleOf(first),
        also: rest.map(({ type }) => words(type)),
        inputs: first.inputs.map((each) => blockOf.get(each) ?? each),
        outputShape: all.at(-1)?.outputShape ?? first.outputShape,
        params: sum(({ params }) => params),
        macs: sum(({ macs }) => macs),
        auxiliary: first.auxiliary,
      },
    ];
  });
  return [...inputs, ...blocks];
}

function kindOf({ type, kernel }: LayerSummary): Block['kind'] {
  if (/Pool2d$/.test(type)) return 'pool';
  if (type === 'Linear') return 'linear';
  if (kernel !== null) return 'window';
  return /^(Add|Subtract|Multiply|Average|Maximum|Minimum|Concat)$/.test(type) ? 'merge' : 'other';
}

function titleOf({ type, kernel, outputShape, className }: LayerSummary): string {
  const name = type === 'Custom' ? (className ?? 'layer') : words(type);
  if (kernel === null) return type === 'Linear' ? `linear ${outputShape.at(-1)}` : name;
  const [vertical, horizontal] = kernel.stride;
  const stride =
    vertical === 1 && horizontal === 1 ? '' : ` /${vertical === horizontal ? vertical : kernel.stride.join('×')}`;
  const channels = /Pool/.test(type) ? '' : `, ${outputShape.at(-1)}`;
  return `${name} ${kernel.size.join('×')}${channels}${stride}`;
}

/** torchvision's classes as people call them. */
const names: Readonly<Record<string, string>> = {
  Conv2d: 'conv',
  ConvTranspose2d: 'transposed conv',
  MaxPool2d: 'max pool',
  AvgPool2d: 'average pool',
  AdaptiveAvgPool2d: 'adaptive pool',
  AdaptiveMaxPool2d: 'adaptive max pool',
  GlobalAvgPool2d: 'global pool',
  GlobalMaxPool2d: 'global max pool',
  BatchNorm2d: 'BN',
  BatchNorm1d: 'BN',
  LocalResponseNorm: 'LRN',
  ZeroPad2d: 'pad',
  Add: '+',
  Concat: 'concat',
};

function words(type: string): string {
  return names[type] ?? type;
}
