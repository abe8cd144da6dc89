/** A published file is recognized by its hash, wherever it lies and however it is called. */
import { nodeModule } from '@cnnzoo/files';
import { hashFile } from '../download/file-hash.js';
import type { PublishedWeights } from './published-weights.js';

/** Keras's files are in HDF5, the only format whose sets have an MD5 sum. */
const hdf5Signature = [...'\x89HDF\r\n\x1a\n'].map((character) => character.charCodeAt(0));

/**
 * The published set that a file holds, or null where it is none of `candidates`.
 * @param candidates those of the model's architecture: sets that do not fit it are not looked for
 */
export async function recognizeFile(
  file: string,
  candidates: readonly PublishedWeights[],
): Promise<PublishedWeights | null> {
  const fs = nodeModule('node:fs');
  const { size } = fs.statSync(file);
  const possible = candidates.filter(({ hash, megabytes }) => hash !== null && fitsSize(size, megabytes));
  const algorithms = new Set(possible.map(({ hash }) => hash?.algorithm));
  if (algorithms.has('md5') && !(await startsWith(file, hdf5Signature))) algorithms.delete('md5');
  for (const algorithm of algorithms) {
    if (algorithm === undefined) continue;
    const digest = await hashFile(file, algorithm);
    const found = possible.find(({ hash }) => hash?.algorithm === algorithm && digest.startsWith(hash.prefix));
    if (found !== undefined) return found;
  }
  return null;
}

/** Publishers round to thousandths of 2^20 bytes. */
function fitsSize(size: number, megabytes: number | null): boolean {
  return megabytes === null || Math.abs(size / 2 ** 20 - megabytes) < 0.01;
}

async function startsWith(file: string, signature: readonly number[]): Promise<boolean> {
  const { open } = nodeModule('node:fs/promises');
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(new Uint8Array(signature.length), 0, signature.length, 0);
    return signature.every((byte, i) => buffer[i] === byte);
  } finally {
    await handle.close();
  }
}
