import type { Size2d } from '@cnnzoo/checks';
import { type Comparison, compare } from './compare.js';
import type { LayerSpec, Shape } from './layer-spec.js';
import type { Padding } from './output-size.js';

function conv(outChannels: number, kernelSize: Size2d, padding: Padding = 0, stride = 1): LayerSpec {
  return { type: 'Conv2d', outChannels, kernelSize, padding, stride, bias: false };
}

const pool: LayerSpec = { type: 'MaxPool2d', kernelSize: 3, stride: 2 };

/** Branches side by side on the network's input, put together along the channels. */
function branches(...lists: readonly (readonly LayerSpec[])[]): readonly LayerSpec[] {
  const layers: LayerSpec[] = [];
  const ends = lists.map((list, branch) => {
    let from = 'input';
    for (const [index, spec] of list.entries()) {
      const name = `branch${branch + 1}.${index}`;
      layers.push({ ...spec, name, inputs: from });
      from = name;
    }
    return from;
  });
  return [...layers, { type: 'Concat', name: 'cat', inputs: ends }];
}

function residual(...layers: readonly LayerSpec[]): readonly LayerSpec[] {
  const named = layers.map((spec, index): LayerSpec => ({ ...spec, name: `conv${index + 1}` }));
  return [...named, { type: 'Add', name: 'add', inputs: [`conv${layers.length}`, 'input'] }];
}

interface Factorization {
  /** Where the argument is made. */
  readonly source: string;
  readonly inputShape: Shape;
  readonly a: { readonly name: string; readonly network: readonly LayerSpec[] };
  readonly b: { readonly name: string; readonly network: readonly LayerSpec[] };
}

const poolFirst = { name: 'pool, then 3x3', network: [pool, conv(640, 3, 1)] };
const convFirst = { name: '3x3, then pool', network: [conv(640, 3, 1), pool] };
const parallel = { name: 'pool beside 3x3 of stride 2', network: branches([pool], [conv(320, 3, 0, 2)]) };

/**
 * The lecture's arguments for cheaper layers, at the sizes of the networks that use them. Convolutions have no bias, as in front of a
 * batch norm, and keep the number of channels where nothing else is said.
 */
export const factorizations = {
  fiveByFive: {
    source: 'Inception-v3, section 3.1, figure 1',
    inputShape: [35, 35, 64],
    a: { name: '5x5', network: [conv(64, 5, 2)] },
    b: { name: 'two 3x3', network: [conv(64, 3, 1), conv(64, 3, 1)] },
  },
  sevenBySeven: {
    source: 'VGG, section 2.3',
    inputShape: [56, 56, 256],
    a: { name: '7x7', network: [conv(256, 7, 3)] },
    b: { name: 'three 3x3', network: [conv(256, 3, 1), conv(256, 3, 1), conv(256, 3, 1)] },
  },
  asymmetric: {
    source: 'Inception-v3, section 3.2, figure 3',
    inputShape: [17, 17, 192],
    a: { name: '3x3', network: [conv(192, 3, 1)] },
    b: { name: '1x3 and 3x1', network: [conv(192, [1, 3], [0, 1]), conv(192, [3, 1], [1, 0])] },
  },
  twoByTwo: {
    source: 'Inception-v3, section 3.2',
    inputShape: [17, 17, 192],
    a: { name: '3x3', network: [conv(192, 3, 1)] },
    b: {
      name: 'two 2x2',
      network: [
        conv(192, 2, [
          [0, 1],
          [0, 1],
        ]),
        conv(192, 2, [
          [1, 0],
          [1, 0],
        ]),
      ],
    },
  },
  gridReductionPoolFirst: {
    source: 'Inception-v3, section 5, figures 9 and 10',
    inputShape: [35, 35, 320],
    a: poolFirst,
    b: parallel,
  },
  gridReductionConvFirst: {
    source: 'Inception-v3, section 5, figures 9 and 10',
    inputShape: [35, 35, 320],
    a: convFirst,
    b: parallel,
  },
  inceptionReduction: {
    source: 'GoogLeNet, figure 2 and table 1, inception (3a)',
    inputShape: [28, 28, 192],
    a: {
      name: 'inception, naive',
      network: branches(
        [conv(64, 1)],
        [conv(128, 3, 1)],
        [conv(32, 5, 2)],
        [{ type: 'MaxPool2d', kernelSize: 3, stride: 1, padding: 1 }],
      ),
    },
    b: {
      name: 'inception with 1x1 reduction',
      network: branches(
        [conv(64, 1)],
        [conv(96, 1), conv(128, 3, 1)],
        [conv(16, 1), conv(32, 5, 2)],
        [{ type: 'MaxPool2d', kernelSize: 3, stride: 1, padding: 1 }, conv(32, 1)],
      ),
    },
  },
  bottleneck: {
    source: 'ResNet, section 4.1, figure 5, at 256 channels',
    inputShape: [56, 56, 256],
    a: { name: 'basic block', network: residual(conv(256, 3, 1), conv(256, 3, 1)) },
    b: { name: 'bottleneck block', network: residual(conv(64, 1), conv(64, 3, 1), conv(256, 1)) },
  },
} as const satisfies Record<string, Factorization>;

/**
 * Compares each pair of `factorizations`.
 *
 * @returns one comparison each, in the table's order
 * @example
 * import { compareFactorizations, formatComparisons } from '@cnnzoo/shape';
 *
 * console.log(formatComparisons(compareFactorizations()));
 */
export function compareFactorizations(): readonly Comparison[] {
  return Object.values<Factorization>(factorizations).map(({ a, b, inputShape }) => compare(a, b, { inputShape }));
}
