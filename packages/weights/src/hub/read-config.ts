/** What the config.json of a repository says: timm's, and what this project adds to it. */
import { check, integer, listOf, nullOr, number, oneOf, positive, type Rule, rule, string, text } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import { type Preprocessing, readMetadata } from '@cnnzoo/metadata';
import { timmNetworks } from './timm-networks.js';

/** A network as a repository describes it. */
export interface HubConfig {
  /** As `createModel` calls it. */
  readonly architecture: string;
  /** The network's own, without `numClasses` and `inputShape`. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly numClasses: number;
  /** [height, width, channels], or null for the network's own. */
  readonly inputShape: readonly [number, number, number] | null;
  readonly preprocessing: Preprocessing;
  readonly categories: readonly string[] | null;
  readonly licence: string | null;
  /** Whether weights are in timm's form, which for VGG is another one than ours. */
  readonly byTimm: boolean;
}

/** Under this name a config.json has what timm has no place for. */
export const ownField = 'cnnzoo';

/** Pixels of a side of an image: far above those of all published networks. */
const largestSide = 2 ** 12;

const side = /* @__PURE__ */ integer(1, largestSide);

/**
 * Reads a config.json.
 * @param name of the repository, for messages
 * @param config as parsed
 * @throws TypeError or RangeError naming the repository and the field
 */
export function readHubConfig(name: string, config: unknown): HubConfig {
  if (!isRecord(config)) throw new TypeError(`${name}: config.json must hold an object`);
  const own = config[ownField];
  return isRecord(own) ? ownConfig(name, config, own) : timmConfig(name, config);
}

function ownConfig(name: string, config: Record<string, unknown>, own: Record<string, unknown>): HubConfig {
  const {
    id,
    options = {},
    preprocessing,
    categories = null,
    licence = null,
  } = readMetadata({
    name,
    getUserDefinedMetadata: () => own,
    setUserDefinedMetadata: () => {},
  });
  if (id === undefined || preprocessing === undefined)
    throw new TypeError(`${name}: config.json must say ${ownField}.id and ${ownField}.preprocessing`);
  const { numClasses: _, inputShape, ...others } = options;
  return {
    architecture: id,
    options: others,
    numClasses: field(name, 'num_classes', config['num_classes'], integer(1)),
    inputShape: inputShape === undefined ? null : shapeOf(name, `${ownField}.options.inputShape`, inputShape),
    preprocessing,
    categories,
    licence,
    byTimm: isRecord(config['pretrained_cfg']),
  };
}

function timmConfig(name: string, config: Record<string, unknown>): HubConfig {
  // Before timm 0.9 what is pretrained_cfg now stood beside the architecture.
  const cfg = isRecord(config['pretrained_cfg']) ? config['pretrained_cfg'] : config;
  const architecture = field(name, 'architecture', config['architecture'], string());
  if (!timmNetworks.has(architecture))
    throw new RangeError(
      `${name} holds the network '${architecture}', which this project does not have: expected one of ${[...timmNetworks.keys()].join(', ')}`,
    );
  refuseArguments(name, config['model_args']);
  const [channels, height, width] = field(
    name,
    'pretrained_cfg.input_size',
    cfg['input_size'],
    rule<readonly [number, number, number]>(
      '[channels, height, width] of a square',
      (value) => Array.isArray(value) && value.length === 3,
      ([, height, width]) => height === width,
    ),
  );
  const inputShape = shapeOf(name, 'pretrained_cfg.input_size', [height, width, channels]);
  field(name, 'pretrained_cfg.crop_mode', cfg['crop_mode'] ?? 'center', oneOf(['center']));
  const cropPart = field(name, 'pretrained_cfg.crop_pct', cfg['crop_pct'] ?? 0.875, number(0.1, 2));
  const perChannel = (key: string, values: Rule<number>) =>
    field(
      name,
      `pretrained_cfg.${key}`,
      cfg[key],
      rule<readonly number[]>(
        `an array of ${inputShape[2]}, one a channel`,
        (value) => listOf(values).fault(key, value) === null,
        (value) => value.length === inputShape[2],
      ),
    );
  const numClasses = field(name, 'num_classes', config['num_classes'] ?? cfg['num_classes'], integer(1));
  const labels = config['label_names'] ?? cfg['label_names'] ?? cfg['labels'] ?? null;
  const categories = field(name, 'label_names', labels, nullOr(listOf(string())));
  if (categories !== null && categories.length !== numClasses)
    throw new RangeError(`${name}: label_names has ${categories.length} names, num_classes is ${numClasses}`);
  return {
    architecture,
    options: {},
    numClasses,
    inputShape,
    preprocessing: {
      // As timm rounds it.
      resizeSize: Math.floor(inputShape[0] / cropPart),
      cropSize: inputShape[0],
      interpolation: field(
        name,
        'pretrained_cfg.interpolation',
        cfg['interpolation'] ?? 'bilinear',
        oneOf(['bilinear', 'bicubic']),
      ),
      mean: perChannel('mean', number()),
      std: perChannel('std', positive),
    },
    categories,
    licence: field(name, 'pretrained_cfg.license', cfg['license'] ?? null, nullOr(text)),
    byTimm: true,
  };
}

/** What a network may be called with and stay the network: numbers of classes and channels are read elsewhere, and rates of dropout change training alone. */
const harmless = new Set(['num_classes', 'in_chans', 'drop_rate', 'drop_path_rate', 'pretrained']);

function refuseArguments(name: string, given: unknown): void {
  if (!isRecord(given)) return;
  for (const [key, value] of Object.entries(given))
    if (!harmless.has(key) && !(key === 'global_pool' && value === 'avg'))
      throw new RangeError(`${name}: its network was built with model_args.${key}, which this project's has not`);
}

function shapeOf(name: string, key: string, value: unknown): [number, number, number] {
  const sizes = field(name, key, value, listOf(side, 3));
  const [height = 0, width = 0, channels = 0] = sizes;
  return [height, width, channels];
}

function field<T>(name: string, key: string, value: unknown, expected: Rule<T>): T {
  return check(`${name}: ${key}`, value, expected);
}
