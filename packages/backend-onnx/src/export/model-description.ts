/** What a model says of itself in tfjs's user-defined metadata, for an .onnx file's metadata. */
import { type Preprocessing, readMetadata } from '@cnnzoo/metadata';
import type { RecordableModel } from '../prediction/recordable-model.js';

export interface ModelDescription {
  readonly preprocessing: Preprocessing | null;
  /** What the file's metadata_props say: texts by name. */
  readonly properties: Readonly<Record<string, string>>;
}

/** @param licence instead of the one that the model has noted */
export function readDescription(model: RecordableModel, licence: string | undefined): ModelDescription {
  const metadata = readMetadata(model);
  const named = {
    architecture: metadata.id ?? model.name,
    options: metadata.options,
    preprocessing: metadata.preprocessing,
    categories: metadata.categories,
    licence: licence ?? metadata.licence,
  };
  const properties: Record<string, string> = {};
  for (const [name, value] of Object.entries(named))
    if (value !== undefined && value !== null)
      properties[name] = typeof value === 'string' ? value : JSON.stringify(value);
  return { preprocessing: metadata.preprocessing ?? null, properties };
}
