/** How published weights become those of our networks: renaming and, where the networks differ, arithmetic, as data. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { asFloat32 } from '../state-dict/dtype.js';
import type { StateDict, StateTensor } from '../state-dict/state-dict.js';

interface WeightRules {
  /** The first pattern that fits a key renames it; {1} is its first group, {1-1} and {1+1} that number minus or plus 1. Other keys stay. */
  readonly rename?: readonly (readonly [pattern: RegExp, replacement: string])[];
  /** Names by layer, where there is no pattern in them. */
  readonly layers?: Readonly<Record<string, string>>;
  /** Keys, renamed, that are left out where the model has none of them. */
  readonly optional?: RegExp;
  /** Keys, renamed, of 1x1 or whole-map convolutions that are dense layers here: [o, i, h, w] becomes [o, i h w]. */
  readonly flatten?: RegExp;
  /** Keys, renamed, of dense layers that are 1x1 convolutions here: Keras's [i, o] becomes [1, 1, i, o]. */
  readonly pointwise?: RegExp;
  /** A convolution that takes BGR; its input channels are reversed, so that it takes RGB. */
  readonly reverseInput?: string;
  /** The batch norms' epsilon; the difference to the model's is added to the variance, which is the same. */
  readonly epsilon?: number;
  /** Biases of convolutions before a batch norm: BN(x + b) with mean m is BN(x) with mean m - b. */
  readonly foldBias?: readonly [convolution: RegExp, batchNorm: string];
  /** Batch norms without a scale have the scale 1. */
  readonly unitScale?: true;
}

/** By what rules a file's weights become a network's: who published them. */
export type WeightRulesId = keyof typeof weightRules;

/** The convolutions' numbers in torchvision's `features`, by Keras's block. */
function kerasVgg(blocks: readonly (readonly number[])[]): WeightRules {
  return {
    layers: {
      ...Object.fromEntries(
        blocks.flatMap((block, b) => block.map((index, c) => [`block${b + 1}_conv${c + 1}`, `features.${index}`])),
      ),
      fc1: 'classifier.0',
      fc2: 'classifier.3',
      predictions: 'classifier.6',
    },
    reverseInput: 'features.0.weight',
  };
}

/** Keras numbers the 94 convolutions and batch norms of Inception-v3 in the order in which its code makes them. */
const moduleA = 'branch1x1 branch5x5_1 branch5x5_2 branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3 branch_pool';
const moduleC =
  'branch1x1 branch7x7_1 branch7x7_2 branch7x7_3 branch7x7dbl_1 branch7x7dbl_2 branch7x7dbl_3 branch7x7dbl_4 branch7x7dbl_5 branch_pool';
const moduleE =
  'branch1x1 branch3x3_1 branch3x3_2a branch3x3_2b branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3a branch3x3dbl_3b branch_pool';
const inceptionV3Convolutions = [
  ...['Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'Conv2d_3b_1x1', 'Conv2d_4a_3x3'],
  ...inModules(['Mixed_5b', 'Mixed_5c', 'Mixed_5d'], moduleA),
  ...inModules(['Mixed_6a'], 'branch3x3 branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3'),
  ...inModules(['Mixed_6b', 'Mixed_6c', 'Mixed_6d', 'Mixed_6e'], moduleC),
  ...inModules(['Mixed_7a'], 'branch3x3_1 branch3x3_2 branch7x7x3_1 branch7x7x3_2 branch7x7x3_3 branch7x7x3_4'),
  ...inModules(['Mixed_7b', 'Mixed_7c'], moduleE),
];

function inModules(modules: readonly string[], branches: string): string[] {
  return modules.flatMap((module) => branches.split(' ').map((branch) => `${module}.${branch}`));
}

export const weightRules = {
  torchvision: {
    optional: /^(aux1|aux2|AuxLogits)\./,
  },
  // timm writes VGG's dense layers as convolutions: 7x7 on the last feature map, then 1x1.
  timmVgg: {
    rename: [
      [/^pre_logits\.fc1\.(.*)$/, 'classifier.0.{1}'],
      [/^pre_logits\.fc2\.(.*)$/, 'classifier.3.{1}'],
      [/^head\.fc\.(.*)$/, 'classifier.6.{1}'],
    ],
    flatten: /^classifier\.[03]\.weight$/,
  },
  kerasVgg16: kerasVgg([
    [0, 2],
    [5, 7],
    [10, 12, 14],
    [17, 19, 21],
    [24, 26, 28],
  ]),
  kerasVgg19: kerasVgg([
    [0, 2],
    [5, 7],
    [10, 12, 14, 16],
    [19, 21, 23, 25],
    [28, 30, 32, 34],
  ]),
  // Stage n is conv{n + 1}, block and convolutions count from 1, the shortcut is 0.
  kerasResnet: {
    rename: [
      [/^conv1_conv\.(.*)$/, 'conv1.{1}'],
      [/^conv1_bn\.(.*)$/, 'bn1.{1}'],
      [/^conv(\d)_block(\d+)_0_conv\.(.*)$/, 'layer{1-1}.{2-1}.downsample.0.{3}'],
      [/^conv(\d)_block(\d+)_0_bn\.(.*)$/, 'layer{1-1}.{2-1}.downsample.1.{3}'],
      [/^conv(\d)_block(\d+)_(\d)_conv\.(.*)$/, 'layer{1-1}.{2-1}.conv{3}.{4}'],
      [/^conv(\d)_block(\d+)_(\d)_bn\.(.*)$/, 'layer{1-1}.{2-1}.bn{3}.{4}'],
      [/^(?:predictions|probs|fc1000)\.(.*)$/, 'fc.{1}'],
    ],
    foldBias: [/^(.*)_conv\.bias$/, '{1}_bn.running_mean'],
    reverseInput: 'conv1.weight',
    epsilon: 1.001e-5,
  },
  // For `variant: 'keras'`, whose biases are Keras's. The norm before the block has no number, and the two after it count from 1.
  kerasResnetV2: {
    rename: [
      [/^conv1_conv\.(.*)$/, 'stem.conv.{1}'],
      [/^post_bn\.(.*)$/, 'norm.{1}'],
      [/^conv(\d)_block(\d+)_preact_bn\.(.*)$/, 'stages.{1-2}.blocks.{2-1}.norm1.{3}'],
      [/^conv(\d)_block(\d+)_(\d)_bn\.(.*)$/, 'stages.{1-2}.blocks.{2-1}.norm{3+1}.{4}'],
      [/^conv(\d)_block(\d+)_0_conv\.(.*)$/, 'stages.{1-2}.blocks.{2-1}.downsample.conv.{3}'],
      [/^conv(\d)_block(\d+)_(\d)_conv\.(.*)$/, 'stages.{1-2}.blocks.{2-1}.conv{3}.{4}'],
      [/^(?:predictions|probs)\.(.*)$/, 'head.fc.{1}'],
    ],
    pointwise: /^head\.fc\.weight$/,
    epsilon: 1.001e-5,
  },
  kerasInceptionV3: {
    layers: {
      ...Object.fromEntries(
        inceptionV3Convolutions.flatMap((name, i) => [
          [`conv2d_${i + 1}`, `${name}.conv`],
          [`batch_normalization_${i + 1}`, `${name}.bn`],
        ]),
      ),
      predictions: 'fc',
    },
    epsilon: 1e-3,
    unitScale: true,
  },
} satisfies Record<string, WeightRules>;

/** The rules for a file that nobody has named, by its keys; null where they are those of our networks. */
export function rulesByKeys(dict: StateDict): WeightRulesId | null {
  return dict.has('pre_logits.fc1.weight') ? 'timmVgg' : null;
}

/**
 * A state dict as our network names and stores it. Values are computed when they are read, so that nothing large is kept.
 * @param dict as published
 * @param id which rules
 * @param model the network that it is for: which auxiliary heads it has, the epsilon of its batch norms
 */
export function applyWeightRules(dict: StateDict, id: WeightRulesId, model: LayersModel): StateDict {
  const rules: WeightRules = weightRules[id];
  const epsilons = modelEpsilons(model);
  const layers = new Set(model.layers.map(({ name }) => name));
  const renamed: StateDict = new Map();
  const scales = new Map<string, number>();
  for (const [key, tensor] of dict) {
    if (rules.foldBias?.[0].test(key)) continue;
    const name = renameKey(key, rules);
    const layer = name.slice(0, name.lastIndexOf('.'));
    if (rules.optional?.test(name) && !layers.has(layer)) continue;
    renamed.set(name, changed(key, name, layer, tensor));
    const [size] = tensor.shape;
    if (rules.unitScale && name.endsWith('.running_var') && size !== undefined) scales.set(`${layer}.weight`, size);
  }
  for (const [name, size] of scales)
    if (!renamed.has(name)) renamed.set(name, { dtype: 'F32', shape: [size], data: new Float32Array(size).fill(1) });
  return renamed;

  function changed(key: string, name: string, layer: string, tensor: StateTensor): StateTensor {
    if (rules.flatten?.test(name)) {
      const [output = 0, ...rest] = tensor.shape;
      return derived(tensor, { shape: [output, rest.reduce((product, size) => product * size, 1)] });
    }
    if (rules.pointwise?.test(name)) return derived(tensor, { shape: [1, 1, ...tensor.shape] });
    if (name === rules.reverseInput) return derived(tensor, { data: () => reverseInputChannels(tensor) });
    if (name.endsWith('.running_var') && rules.epsilon !== undefined) {
      const difference = rules.epsilon - (epsilons.get(layer) ?? rules.epsilon);
      return derived(tensor, { data: () => asFloat32(tensor.data).map((value) => value + difference) });
    }
    const bias = rules.foldBias === undefined ? undefined : biasFor(key, rules.foldBias);
    if (bias === undefined) return tensor;
    return derived(tensor, {
      data: () => {
        const biases = asFloat32(bias.data);
        return asFloat32(tensor.data).map((value, i) => value - (biases[i] ?? 0));
      },
    });
  }

  function biasFor(key: string, [pattern, target]: readonly [RegExp, string]): StateTensor | undefined {
    for (const [candidate, tensor] of dict) {
      const match = pattern.exec(candidate);
      if (match !== null && fill(target, match) === key) return tensor;
    }
    return undefined;
  }
}

/** The same tensor with another shape or computed values. Not by spreading, which would read the values now. */
function derived(
  tensor: StateTensor,
  { shape = tensor.shape, data }: { shape?: readonly number[]; data?: () => Float32Array },
): StateTensor {
  const { dtype, layout, slice } = tensor;
  return {
    shape,
    dtype: data === undefined ? dtype : 'F32',
    get data() {
      return data === undefined ? tensor.data : data();
    },
    ...(layout !== undefined && { layout }),
    ...(data === undefined && slice !== undefined && { slice }),
  };
}

/** A convolution's kernel for the channels in the opposite order. */
function reverseInputChannels({ shape, data, layout }: StateTensor): Float32Array {
  const axis = layout === 'keras' ? shape.length - 2 : 1;
  const channels = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const values = asFloat32(data);
  return values.map((_, i) => {
    const channel = Math.floor(i / inner) % channels;
    return values[i + (channels - 1 - 2 * channel) * inner] ?? 0;
  });
}

function renameKey(key: string, { rename = [], layers = {} }: WeightRules): string {
  const at = key.lastIndexOf('.');
  const layer = key.slice(0, at);
  if (Object.hasOwn(layers, layer)) return layers[layer] + key.slice(at);
  for (const [pattern, replacement] of rename) {
    const match = pattern.exec(key);
    if (match !== null) return fill(replacement, match);
  }
  return key;
}

/** Puts groups of a match into a template: {1}, or {1-1} and {1+1} for the number minus or plus 1. */
function fill(template: string, match: RegExpExecArray): string {
  return template.replaceAll(/\{(\d)([-+]\d)?\}/g, (_, group: string, offset?: string) => {
    const text = match[Number(group)] ?? '';
    return offset === undefined ? text : String(Number(text) + Number(offset));
  });
}

function modelEpsilons(model: LayersModel): Map<string, number> {
  const epsilons = new Map<string, number>();
  for (const layer of model.layers) {
    const { epsilon } = layer.getConfig();
    if (typeof epsilon === 'number') epsilons.set(layer.name, epsilon);
  }
  return epsilons;
}
