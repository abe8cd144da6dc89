/** What is known of a file before it is downloaded, and whether a file is that one. */
import { nodeModule } from '@cnnzoo/files';

/** A file's hash, as its publisher says it. */
export interface FileHash {
  readonly algorithm: 'sha256' | 'md5';
  /** Its first hexadecimal digits, or all of them. */
  readonly prefix: string;
}

/** A file that its publisher describes. */
export interface ExpectedFile {
  readonly hash: FileHash | null;
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
