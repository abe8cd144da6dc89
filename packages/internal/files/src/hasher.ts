/**
 * SHA-256 and MD5, computed as bytes come: by Node, and in a page by @noble/hashes, because browsers have no MD5 and hash only what is in memory
 * as a whole.
 */
import { nodeModule, runsInNode } from './node-module.js';

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** In hexadecimal digits; nothing can be added after that. */
  digest(): string;
}

export async function hasher(algorithm: 'sha256' | 'md5'): Promise<Hasher> {
  if (runsInNode()) {
    const hash = nodeModule('node:crypto').createHash(algorithm);
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
  }
  const [{ md5 }, { sha256 }, { bytesToHex }] = await Promise.all([
    import('@noble/hashes/legacy'),
    import('@noble/hashes/sha2'),
    import('@noble/hashes/utils'),
  ]);
  const hash = (algorithm === 'md5' ? md5 : sha256).create();
  return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) };
}
