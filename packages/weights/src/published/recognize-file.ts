/** A published file is recognized by its hash, wherever it lies and however it is called. */
import { openSource, type Source } from '@cnnzoo/files';
import { hashFile, hashSource } from '../download/file-hash.js';
import type { PublishedWeights } from './published-weights.js';

/** Keras's files are in HDF5, the only format whose sets have an MD5 sum. */
const hdf5Signature = [...'\x89HDF\r\n\x1a\n'].map((character) => character.charCodeAt(0));

/**
 * The published set that a file holds, or null where it is none of `candidates`.
 * @param candidates those of the model's architecture: sets that do not fit it are not looked for
 */
export async function recognizeFile(
  file: Source,
  candidates: readonly PublishedWeights[],
): Promise<PublishedWeights | null> {
  const source = await openSource(file);
  const possible = candidates.filter(({ hash, megabytes }) => hash !== null && fitsSize(source.size, megabytes));
  const algorithms = new Set(possible.flatMap(({ hash }) => hash?.algorithm ?? []));
  if (algorithms.has('md5')) {
    const start = await source.read(0, Math.min(source.size, hdf5Signature.length));
    if (hdf5Signature.some((byte, i) => start[i] !== byte)) algorithms.delete('md5');
  }
  for (const algorithm of algorithms) {
    const digest = await (typeof file === 'string' ? hashFile(file, algorithm) : hashSource(source, algorithm));
    const found = possible.find(({ hash }) => hash?.algorithm === algorithm && digest.startsWith(hash.prefix));
    if (found !== undefined) return found;
  }
  return null;
}

/** Publishers round to thousandths of 2^20 bytes. */
function fitsSize(size: number, megabytes: number | null): boolean {
  return megabytes === null || Math.abs(size / 2 ** 20 - megabytes) < 0.01;
}
