/** What is known of a file before it is downloaded, and whether a file is that one. */
import { hasher, nodeModule, type OpenSource } from '@cnnzoo/files';

/** Bytes that are read at a time. */
const partSize = 2 ** 20;

/** A file's hash, as its publisher says it. */
export interface FileHash {
  readonly algorithm: 'sha256' | 'md5';
  /** Its first hexadecimal digits, or all of them. */
  readonly prefix: string;
  /** How many bits of it are known. 32 tell files apart and find damage; a file that fits them can be made by trying. */
  readonly bits: number;
  /** Who says it: the publisher's package in the version that the registry was made from. */
  readonly source: string;
}

/** A file that its publisher describes. */
export interface ExpectedFile {
  readonly hash: Pick<FileHash, 'algorithm' | 'prefix'> | null;
  /** Size in units of 2^20 bytes, rounded to thousandths, where the publisher says it. */
  readonly megabytes: number | null;
}

/** The hash of a file's content in hexadecimal digits. */
export async function hashFile(file: string, algorithm: FileHash['algorithm']): Promise<string> {
  const { createReadStream } = nodeModule('node:fs');
  const hash = await hasher(algorithm);
  for await (const part of createReadStream(file, { highWaterMark: partSize })) hash.update(part as Uint8Array);
  return hash.digest();
}

/** The same of what is no path. */
export async function hashSource(source: OpenSource, algorithm: FileHash['algorithm']): Promise<string> {
  const hash = await hasher(algorithm);
  for (let offset = 0; offset < source.size; offset += partSize)
    hash.update(await source.read(offset, Math.min(partSize, source.size - offset)));
  return hash.digest();
}
