import { Header, Pax } from 'tar';

const blockSize = 512;

/** The blocks of one file of a .tar: the same for the same path and bytes, whenever and by whomever they are written. */
export function tarMember(path: string, content: Uint8Array): Uint8Array[] {
  const block = Buffer.alloc(blockSize);
  const facts = { path, size: content.length, mode: 0o444, uid: 0, gid: 0, mtime: new Date(0) };
  const header = new Header({ ...facts, type: 'File' });
  // Paths that do not fit, or are no ASCII, stand whole in an extended header.
  const extended = header.encode(block, 0) ? [new Pax({ path, size: content.length }).encode()] : [];
  return [...extended, block, content, Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize)];
}

/** What ends a .tar. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockSize);
