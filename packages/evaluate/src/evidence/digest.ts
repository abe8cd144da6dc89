import { hasher } from '@cnnzoo/files';

/** The SHA-256 of texts and bytes one after the other, in hexadecimal digits. */
export async function digest(...contents: readonly (string | Uint8Array)[]): Promise<string> {
  const hash = await hasher('sha256');
  for (const content of contents)
    hash.update(typeof content === 'string' ? new TextEncoder().encode(content) : content);
  return hash.digest();
}

/** Its first 128 bits, where there are many of them in a report. */
export async function shortDigest(...contents: readonly (string | Uint8Array)[]): Promise<string> {
  return (await digest(...contents)).slice(0, 32);
}

/** The bytes of a typed array, which it shares. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
