/** An object's header: the messages that say what it is, and those that say where more of them are. */
import type { StructureReader } from './dense-storage.js';
import { decodeText, Fields } from './messages.js';

/** All messages of an object header, its continuations included. */
export async function headerMessages(
  reader: StructureReader,
  address: number,
): Promise<{ type: number; flags: number; data: Uint8Array }[]> {
  const messages: { type: number; flags: number; data: Uint8Array }[] = [];
  const prefix = await reader.fields(address, Math.min(48, reader.size - address));
  const isNew = decodeText(prefix.bytes.subarray(0, 4)) === 'OHDR';
  const blocks: { at: number; length: number }[] = [];
  let hasOrder = false;
  if (isNew) {
    prefix.skip(4);
    if (prefix.uint8() !== 2) throw new TypeError('an object header of an unknown version');
    const flags = prefix.uint8();
    hasOrder = (flags & 4) !== 0;
    if ((flags & 0x20) !== 0) prefix.skip(16);
    if ((flags & 0x10) !== 0) prefix.skip(4);
    const width = flags & 3;
    const length =
      width === 0 ? prefix.uint8() : width === 1 ? prefix.uint16() : width === 2 ? prefix.uint32() : prefix.place();
    blocks.push({ at: address + prefix.at, length });
  } else {
    if (prefix.uint8() !== 1) throw new TypeError(`no object header at ${address}`);
    prefix.skip(7);
    blocks.push({ at: address + 16, length: prefix.uint32() });
  }
  for (const { at, length } of blocks) {
    const fields = await reader.fields(at, length);
    const header = isNew ? (hasOrder ? 6 : 4) : 8;
    while (fields.left >= header) {
      const type = isNew ? fields.uint8() : fields.uint16();
      const size = fields.uint16();
      const flags = fields.uint8();
      fields.skip(header - (isNew ? 4 : 5));
      const data = fields.take(size);
      if (type !== 0x10) {
        messages.push({ type, flags, data });
        continue;
      }
      const next = new Fields(data);
      const block = { at: next.place(), length: next.place() };
      // New blocks have a signature before and a checksum after their messages.
      blocks.push(isNew ? { at: block.at + 4, length: block.length - 8 } : block);
    }
  }
  return messages;
}

/**
 * Where the messages are that an object has beside its header, or null. @param countSize bytes of the largest number that a member
 * had, where it is there
 */
export function densePlace(fields: Fields, countSize: number): { heap: number; index: number } | null {
  fields.skip(1);
  const flags = fields.uint8();
  if ((flags & 1) !== 0) fields.skip(countSize);
  const heap = fields.uint64();
  return heap === null ? null : { heap, index: fields.place() };
}

/** A hard link to a member, or null for the other kinds, which Keras does not write. */
export function parseLink(fields: Fields): { name: string; address: number } | null {
  fields.skip(1);
  const flags = fields.uint8();
  const type = (flags & 8) !== 0 ? fields.uint8() : 0;
  if ((flags & 4) !== 0) fields.skip(8);
  if ((flags & 16) !== 0) fields.skip(1);
  const width = flags & 3;
  const length =
    width === 0 ? fields.uint8() : width === 1 ? fields.uint16() : width === 2 ? fields.uint32() : fields.place();
  const name = decodeText(fields.take(length));
  return type === 0 ? { name, address: fields.place() } : null;
}
