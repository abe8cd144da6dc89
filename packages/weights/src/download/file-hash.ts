/** What is known of a file before it is downloaded, and whether a file is that one. */
import { nodeModule } from '@cnnzoo/files';

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
export async function hashFile(file: string, algorithm: string): Promise<string> {
  const { createHash } = nodeModule('node:crypto');
  const { createReadStream } = nodeModule('node:fs');
  const hash = createHash(algorithm);
  for await (const part of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(part as Uint8Array);
  return hash.digest('hex');
}
