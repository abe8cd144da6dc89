/** What a model knows of itself, in tfjs's user-defined metadata: the one place that writes and parses it. */
import { check, listOf, type Rule, rule, string } from '@cnnzoo/checks';
import { checkPreprocessing, type Preprocessing } from './preprocessing.js';

/** What a model of this project says about itself; it is saved with the model. */
export interface ModelMetadata {
  /** The architecture, as `createModel` calls it. */
  readonly id: string;
  /** What the architecture was called with. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly preprocessing: Preprocessing;
  /** The classes' names in the order of the outputs, or null where nobody has named them. */
  readonly categories: readonly string[] | null;
  /** Of the weights, as their publisher says. */
  readonly licence?: string;
  /** The SHA-256 of weights that no layer holds, such as those of an ONNX file. */
  readonly weightsHash?: string;
}

/** A tf.LayersModel, as far as its metadata need one. */
export interface MetadataHolder {
  readonly name: string;
  getUserDefinedMetadata(): object | null | undefined;
  setUserDefinedMetadata(metadata: object): void;
}

const optionsRule: Rule<Readonly<Record<string, unknown>>> = /* @__PURE__ */ rule<Readonly<Record<string, unknown>>>(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

/** What each field must be. The first argument names the field, for messages. */
const parsers: { readonly [Field in keyof ModelMetadata]-?: (name: string, value: unknown) => ModelMetadata[Field] } = {
  id: (name, value) => check(name, value, string()),
  options: (name, value) => check(name, value, optionsRule),
  preprocessing: (name, value) => checkPreprocessing(name, value),
  categories: (name, value) => check(name, value, listOf(string())),
  licence: (name, value) => check(name, value, string()),
  weightsHash: (name, value) => check(name, value, string()),
};

/**
 * What a model says about itself: as much of {@link ModelMetadata} as it has. What a file's author wrote there is checked here, so that
 * nothing else has to doubt it.
 * @throws TypeError or RangeError naming the model and the field where one is not what it must be
 */
export function readMetadata(model: MetadataHolder): Partial<ModelMetadata> {
  const stored = (model.getUserDefinedMetadata() ?? {}) as Readonly<Record<string, unknown>>;
  const found: Record<string, unknown> = {};
  for (const [field, parse] of Object.entries(parsers)) {
    const value = Object.hasOwn(stored, field) ? stored[field] : undefined;
    if (value === undefined || value === null) continue;
    found[field] = parse(`metadata of model '${model.name}': ${field}`, value);
  }
  return found as Partial<ModelMetadata>;
}

/**
 * Changes some of a model's metadata; the other fields, and those of others, stay.
 * @throws TypeError or RangeError naming the field, before anything changes
 */
export function writeMetadata(model: MetadataHolder, changes: Partial<ModelMetadata>): void {
  for (const [field, value] of Object.entries(changes))
    if (Object.hasOwn(parsers, field) && value !== undefined && value !== null)
      parsers[field as keyof ModelMetadata](field, value);
  // A round through JSON: tfjs takes plain objects only, and the user's arrays stay the user's.
  model.setUserDefinedMetadata(JSON.parse(JSON.stringify({ ...model.getUserDefinedMetadata(), ...changes })));
}
