import { boolean, checkedLater, checkFewOptions, type OptionRules, optional, rule, string } from '@cnnzoo/checks';
import { layers } from '../tfjs.js';

type LayerArguments = NonNullable<ConstructorParameters<typeof TfjsLayer>[0]>;

/** Options of every layer. */
export interface LayerOptions {
  /** The layer's name in the model, and its part of a state dict's keys. Default: the class and a number. */
  readonly name?: string;
  /** False for a frozen layer. Default true. */
  readonly trainable?: boolean;
  /** Shape of the input without the batch, for the first layer of a `tf.sequential` model only. */
  readonly inputShape?: readonly (number | null)[];
}

/* @__NO_SIDE_EFFECTS__ */
const layerOfTfjs = (): typeof layers.Layer => layers.Layer;
/** Read by a function, so that bundlers may leave out what extends it: reading a property might do anything. */
const TfjsLayer = /* @__PURE__ */ layerOfTfjs();

/** What all layers of this package extend. */
export abstract class BaseLayer<Options extends LayerOptions> extends TfjsLayer {
  /**
   * @param kind the function that makes the layer, for messages
   * @param rules of the options that not all layers have
   * @throws TypeError or RangeError naming the option that does not follow its rule
   */
  constructor(kind: string, options: Options, rules: OptionRules<Omit<Options, keyof LayerOptions>>) {
    // TypeScript cannot join the two halves of a generic interface.
    const all = { ...rules, ...layerRules() } as unknown as OptionRules<Options>;
    // tfjs reads name, trainable and inputShape, and, of a saved layer, batchInputShape and dtype.
    super(checkFewOptions<Options>(kind, options, all) as object as LayerArguments);
  }
}

function layerRules() {
  const saved = optional(checkedLater());
  return {
    name: optional(string()),
    trainable: optional(boolean),
    inputShape: optional(rule('an array of sizes', Array.isArray)),
    batchInputShape: saved,
    customObjects: saved,
    dtype: saved,
  };
}
