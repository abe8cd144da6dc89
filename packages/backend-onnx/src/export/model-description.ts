/** What a model says of itself in tfjs's user-defined metadata, for an .onnx file's metadata. */
import type { LayersModel } from '@tensorflow/tfjs-layers';

export interface ModelDescription {
  readonly preprocessing: { readonly mean: readonly number[]; readonly std: readonly number[] } | null;
  /** What the file's metadata_props say: texts by name. */
  readonly properties: Readonly<Record<string, string>>;
}

interface Metadata {
  readonly id?: unknown;
  readonly options?: unknown;
  readonly preprocessing?: unknown;
  readonly categories?: unknown;
  readonly licence?: unknown;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each));
}

/** @param licence instead of the one that the model has noted */
export function readDescription(model: LayersModel, licence: string | undefined): ModelDescription {
  const metadata = (model.getUserDefinedMetadata() ?? {}) as Metadata;
  const { mean, std } = (metadata.preprocessing ?? {}) as { mean?: unknown; std?: unknown };
  const named = {
    architecture: typeof metadata.id === 'string' ? metadata.id : model.name,
    options: metadata.options,
    preprocessing: metadata.preprocessing,
    categories: metadata.categories,
    licence: licence ?? metadata.licence,
  };
  const properties: Record<string, string> = {};
  for (const [name, value] of Object.entries(named))
    if (value !== undefined && value !== null)
      properties[name] = typeof value === 'string' ? value : JSON.stringify(value);
  return { preprocessing: isNumbers(mean) && isNumbers(std) ? { mean, std } : null, properties };
}
