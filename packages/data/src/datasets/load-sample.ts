import { readFileSync } from 'node:fs';
import { readArchivePart } from '../archives/read-archive-part.js';
import { DataError } from '../data-error.js';
import { decodeImage, decodeLent } from '../images/decode-image.js';
import type { FileReference, Sample, SampleReference } from './dataset.js';

/**
 * The sample that a reference points to; images in memory come at once.
 * @param lent whether an image that is decoded needs to last only until the next one
 * @throws DataError, naming the file, where it cannot be read or decoded
 */
export function loadSample(reference: SampleReference, lent = false): Sample | Promise<Sample> {
  const { label, name } = reference;
  if (reference.kind === 'failed') throw new DataError(name, reference.problem);
  if (reference.kind === 'pixels') return { image: reference.image, label };
  const decode = lent ? decodeLent : decodeImage;
  return decode(readFileReference(reference), name, reference.decoding).then((image) => ({ image, label }));
}

/**
 * The bytes of the image that a reference points to. Reads synchronously: the loader's workers have nothing else to do
 * meanwhile.
 */
export function readFileReference({ path, part, bytes, name }: FileReference): Uint8Array {
  try {
    return part === undefined ? (bytes ?? readFileSync(path)) : readArchivePart(bytes ?? path, part, name);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(name, `cannot be read (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}
