import { DataError } from './data-error.js';
import type { Sample, SampleReference } from './dataset.js';
import { decodeImage } from './decode-image.js';
import { readFileReference } from './read-file-part.js';

/**
 * The sample that a reference points to; pictures in memory come at once.
 * @throws DataError, naming the file, where it cannot be read or decoded
 */
export function loadSample(reference: SampleReference): Sample | Promise<Sample> {
  const { label, name } = reference;
  if (reference.kind === 'failed') throw new DataError(name, reference.problem);
  if (reference.kind === 'pixels') return { image: reference.image, label };
  return decodeImage(readFileReference(reference), name, reference.decoding).then((image) => ({ image, label }));
}
