/** Layers in words, as `conv 5x5/6 pool 2 flatten linear 10`. */
import { check, nearestNames, shown, text } from '@cnnzoo/checks';
import type { LayerSpec } from './layer-spec.js';
import type { Padding } from './output-size.js';

/** Every word that `parseLayers` reads, with what it means: what `npx cnnzoo shape --help` prints. */
export const layerGrammar = `Layers are words, one after another:

  conv KERNEL/CHANNELS     a convolution, such as conv 5x5/6 or conv 3/64
  deconv KERNEL/CHANNELS   a transposed convolution
  pool KERNEL              maximum pooling; the stride is the kernel's size unless there is another
  avgpool KERNEL           average pooling
  adaptive SIZE            average pooling to maps of that size
  gap                      the mean of each channel, a vector
  linear FEATURES          fully connected
  lrn SIZE                 local response normalization
  upsample FACTOR
  flatten bn relu relu6 gelu silu sigmoid tanh softmax dropout

Options come after the layer that they belong to:

  stride S  dilation D  groups G  ceil  nobias
  padding P                a number, HEIGHTxWIDTH, same or valid

KERNEL and SIZE are a number or HEIGHTxWIDTH. A group in parentheses is repeated: (conv 3/64 padding 1 relu)x2.`;

const plainLayers: Readonly<Record<string, LayerSpec['type']>> = {
  flatten: 'Flatten',
  bn: 'BatchNorm2d',
  relu: 'ReLU',
  relu6: 'ReLU6',
  gelu: 'GELU',
  silu: 'SiLU',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  softmax: 'Softmax',
  dropout: 'Dropout',
  gap: 'GlobalAvgPool2d',
};

/** Layers that have a value after them: what it makes of the layer. */
const valuedLayers: Readonly<Record<string, (value: string) => LayerSpec>> = {
  conv: (value) => ({ type: 'Conv2d', ...kernelAndChannels('conv', value) }),
  deconv: (value) => ({ type: 'ConvTranspose2d', ...kernelAndChannels('deconv', value) }),
  pool: (value) => ({ type: 'MaxPool2d', kernelSize: size('pool', value) }),
  avgpool: (value) => ({ type: 'AvgPool2d', kernelSize: size('avgpool', value) }),
  adaptive: (value) => ({ type: 'AdaptiveAvgPool2d', outputSize: size('adaptive', value) }),
  linear: (value) => ({ type: 'Linear', outFeatures: count('linear', value) }),
  lrn: (value) => ({ type: 'LocalResponseNorm', size: count('lrn', value) }),
  upsample: (value) => ({ type: 'Upsample', scaleFactor: count('upsample', value) }),
};

const windows = ['Conv2d', 'ConvTranspose2d', 'MaxPool2d', 'AvgPool2d'];
const convolutions = ['Conv2d', 'ConvTranspose2d'];

/** An option: the layers that have it, whether a value follows, and the fields that it sets. */
const layerOptions: Readonly<
  Record<string, { types: readonly string[]; valued: boolean; fields: (value: string) => object }>
> = {
  stride: { types: windows, valued: true, fields: (value) => ({ stride: size('stride', value) }) },
  padding: { types: windows, valued: true, fields: (value) => ({ padding: padding(value) }) },
  dilation: { types: windows, valued: true, fields: (value) => ({ dilation: size('dilation', value) }) },
  groups: { types: convolutions, valued: true, fields: (value) => ({ groups: count('groups', value) }) },
  ceil: { types: ['MaxPool2d', 'AvgPool2d'], valued: false, fields: () => ({ ceilMode: true }) },
  nobias: { types: [...convolutions, 'Linear'], valued: false, fields: () => ({ bias: false }) },
};

const vocabulary = [...Object.keys(valuedLayers), ...Object.keys(plainLayers), ...Object.keys(layerOptions)];

/**
 * Reads layers written in words, one after another; `layerGrammar` has all words.
 *
 * @param written such as `conv 5x5/6 relu pool 2 flatten linear 10`; commas and semicolons are spaces
 * @returns the layers, as `summarize` takes them
 * @throws TypeError if `written` is not a string
 * @throws RangeError naming the word, and the one that was meant where one is near
 * @example
 * import { summarize } from '@cnnzoo/shape';
 * import { parseLayers } from '@cnnzoo/shape/words';
 *
 * const { params } = summarize(parseLayers('(conv 3/64 padding 1 relu)x2 pool 2'), { inputShape: [224, 224, 3] });
 */
export function parseLayers(written: string): LayerSpec[] {
  check('written', written, text);
  const words = written
    .replace(/[,;]/g, ' ')
    .replace(/\(/g, ' ( ')
    .replace(/\)(x\d+)?/g, ' )$1 ')
    .split(/\s+/)
    .filter((word) => word !== '');
  /** The layers of each group that is open, the outermost first. */
  const open: LayerSpec[][] = [[]];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const layers = open.at(-1) ?? [];
    if (word === '(') open.push([]);
    else if (word.startsWith(')')) {
      open.pop();
      const around = open.at(-1);
      if (around === undefined) throw new RangeError("there is a ')' without a '('");
      const times = word.length > 2 ? count(')', word.slice(2)) : 1;
      for (let time = 0; time < times; time++) around.push(...layers);
    } else if (Object.hasOwn(plainLayers, word)) layers.push({ type: plainLayers[word] } as LayerSpec);
    else if (Object.hasOwn(valuedLayers, word)) layers.push(valuedLayers[word]?.(words[++i] ?? '') as LayerSpec);
    else if (Object.hasOwn(layerOptions, word)) {
      const { types = [], valued = false, fields = () => ({}) } = layerOptions[word] ?? {};
      const last = layers.pop();
      if (last === undefined || !types.includes(last.type))
        throw new RangeError(
          `${word} must come after one of ${types.join(', ')}, got it after ${last?.type ?? 'nothing'}`,
        );
      layers.push({ ...last, ...fields(valued ? (words[++i] ?? '') : '') } as LayerSpec);
    } else {
      const [nearest] = nearestNames(word, vocabulary);
      throw new RangeError(
        `there is no layer ${shown(word)}${nearest === undefined ? `: it must be one of ${vocabulary.join(', ')}` : `, did you mean ${nearest}?`}`,
      );
    }
  }
  const [layers = [], inner] = open;
  if (inner !== undefined) throw new RangeError("a ')' is missing");
  if (layers.length === 0) throw new RangeError('there are no layers: expected words such as conv 5x5/6 pool 2');
  return layers;
}

function kernelAndChannels(word: string, value: string): { kernelSize: [number, number]; outChannels: number } {
  const [kernel = '', channels] = value.split('/');
  if (channels === undefined)
    throw new RangeError(`${word} must be followed by KERNEL/CHANNELS, such as 5x5/6, got ${shown(value)}`);
  return { kernelSize: size(word, kernel), outChannels: count(word, channels) };
}

function count(word: string, value: string): number {
  const found = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(found) || found < 1 || found > 1e6)
    throw new RangeError(`${word} must be followed by a whole number from 1 to 1000000, got ${shown(value)}`);
  return found;
}

function size(word: string, value: string): [number, number] {
  const [height = '', width = height, ...more] = value.split(/[x×]/);
  if (more.length > 0)
    throw new RangeError(`${word} must be followed by a number or HEIGHTxWIDTH, got ${shown(value)}`);
  return [count(word, height), count(word, width)];
}

function padding(value: string): Padding {
  if (value === 'same' || value === 'valid') return value;
  const [height = '', width = height, ...more] = value.split(/[x×]/);
  if (more.length > 0 || !/^\d{1,6}$/.test(height) || !/^\d{1,6}$/.test(width))
    throw new RangeError(`padding must be followed by a number, HEIGHTxWIDTH, same or valid, got ${shown(value)}`);
  return [Number(height), Number(width)];
}
