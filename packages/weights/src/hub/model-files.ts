import { check, layersModel } from '@cnnzoo/checks';
import { type Preprocessing, readMetadata } from '@cnnzoo/metadata';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { writeSafetensors } from '../formats/safetensors.js';
import { stateDict } from '../model/state-dict-of-model.js';
import type { StateDict, StateTensor } from '../state-dict/state-dict.js';
import { ownField } from './read-config.js';
import { timmNetworks } from './timm-networks.js';

/** A model as a repository on Hugging Face's hub holds it. */
export interface HubModelFiles {
  /** The content of config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The content of model.safetensors. */
  readonly weights: Uint8Array;
  /** Whether `timm.create_model('hf-hub:owner/name')` opens it: timm has the network, and it is built as timm builds it. */
  readonly timm: boolean;
}

/** Options that change no network: what they set is written down elsewhere, or matters in training alone. */
const plainOptions = new Set(['numClasses', 'inputShape', 'dropout', 'includeTop', 'auxiliaryHeads']);

/**
 * The files of a model for a repository on Hugging Face's hub: config.json with its preprocessing and the names of its classes, and model.safetensors. For networks
 * that timm has, too, both are as timm writes them.
 * @param model a classifier of this project, whose metadata say what it is
 * @throws RangeError naming the model where it does not say which network it is, or has no classifier
 * @example
 * import { resnet18 } from '@cnnzoo/resnet';
 * import { hubModelFiles } from '@cnnzoo/weights';
 *
 * const { config, weights, timm } = hubModelFiles(resnet18({ numClasses: 2 }));
 */
export function hubModelFiles(model: LayersModel): HubModelFiles {
  check('model', model, layersModel());
  const { id, options = {}, preprocessing, categories = null, licence } = readMetadata(model);
  const [input, output] = [model.inputs[0], model.outputs[0]];
  const numClasses = output?.shape.at(-1);
  const [, height, , channels] = input?.shape ?? [];
  if (id === undefined || preprocessing === undefined || output?.shape.length !== 2 || typeof numClasses !== 'number')
    throw new RangeError(
      `model '${model.name}' must be a classifier of this project whose metadata say its network and preprocessing`,
    );
  const network = timmNetworks.get(id);
  const plain = Object.keys(options).every((name) => plainOptions.has(name));
  const isTimms = network !== undefined && plain && (preprocessing.padding ?? 0) === 0;
  const own = {
    id,
    options,
    preprocessing,
    ...(categories !== null && { categories }),
    ...(licence !== undefined && { licence }),
  };
  const size = typeof height === 'number' ? height : preprocessing.cropSize;
  const config = {
    architecture: id,
    num_classes: numClasses,
    ...(categories !== null && { label_names: categories }),
    ...(isTimms && {
      // timm makes the network for so many channels; the weights have them already.
      ...(channels !== 3 && { model_args: { in_chans: channels } }),
      pretrained_cfg: {
        custom_load: false,
        input_size: [channels, size, size],
        fixed_input_size: false,
        ...timmPreprocessing(preprocessing),
        num_classes: numClasses,
        first_conv: network.firstConv,
        classifier: network.classifier,
        ...(licence !== undefined && { license: licence }),
      },
    }),
    [ownField]: own,
  };
  const dict = isTimms ? timmStateDict(stateDict(model), network.classifier) : stateDict(model);
  // timm puts the format into the header, as all of Python's libraries do.
  return { config, weights: writeSafetensors(dict, { format: 'pt' }), timm: isTimms };
}

function timmPreprocessing({ resizeSize, cropSize, interpolation = 'bilinear', mean, std }: Preprocessing) {
  return { interpolation, crop_pct: cropPart(cropSize, resizeSize), crop_mode: 'center', mean, std };
}

/** The shortest decimal number from which timm computes `resizeSize` again: it divides by it and rounds down. */
function cropPart(cropSize: number, resizeSize: number): number {
  const exact = cropSize / resizeSize;
  const rounded = (digits: number) => Number((cropSize / (resizeSize + 0.5)).toFixed(digits));
  const candidates = [Number(exact.toFixed(3)), ...[2, 3, 4, 5, 6, 7].map(rounded)];
  return candidates.find((part) => Math.floor(cropSize / part) === resizeSize) ?? exact;
}

/** Without auxiliary heads, which timm's networks have not, and VGG's dense layers as convolutions. */
export function timmStateDict(dict: StateDict, classifier: string): StateDict {
  const renamed: StateDict = new Map();
  for (const [key, tensor] of dict) {
    if (/^(aux[12]|AuxLogits)\./.test(key)) continue;
    const [, layer = '', rest = ''] = /^classifier\.([036])\.(.*)$/.exec(key) ?? [];
    const name = denseLayers.get(layer);
    if (classifier !== 'head.fc' || name === undefined) renamed.set(key, tensor);
    else renamed.set(`${name}.${rest}`, asConvolution(layer, rest, tensor));
  }
  return renamed;
}

/** VGG's layers in torchvision's `classifier`, and what timm calls them. */
const denseLayers: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['0', 'pre_logits.fc1'],
  ['3', 'pre_logits.fc2'],
  ['6', 'head.fc'],
]);

/** The side of VGG's last feature map. */
const lastMap = 7;

function asConvolution(layer: string, rest: string, { shape, dtype, data }: StateTensor): StateTensor {
  const [outputs = 0, inputs = 0] = shape;
  if (rest !== 'weight' || layer === '6') return { shape, dtype, data };
  const side = layer === '0' ? lastMap : 1;
  return { shape: [outputs, inputs / side ** 2, side, side], dtype, data };
}
