/** A group as HDF5 wrote it before 1.8, and h5py does still: a B-tree of members, whose names are in a heap. */
import type { StructureReader } from './dense-storage.js';
import { decodeText, Fields } from './messages.js';

/** The names of an old group's members. */
export async function readLocalHeap(reader: StructureReader, address: number): Promise<Uint8Array> {
  const fields = await reader.fields(address, 32);
  fields.signature('HEAP');
  fields.skip(4);
  const size = fields.place();
  fields.skip(8);
  return (await reader.fields(fields.place(), size)).bytes;
}

/** Members of an old group, from the B-tree at `address`. */
export async function addGroupMembers(
  reader: StructureReader,
  address: number,
  names: Uint8Array,
  members: Map<string, number>,
  depth: number,
): Promise<void> {
  if (depth > 32) throw new RangeError('a tree of groups that is too deep');
  const node = await reader.fields(address, 8);
  const signature = decodeText(node.take(4));
  if (signature === 'SNOD') {
    node.skip(2);
    const count = node.uint16();
    const entries = await reader.fields(address + 8, count * 40);
    for (let i = 0; i < count; i++) {
      const name = new Fields(names);
      name.skip(entries.place());
      members.set(name.name(), entries.place());
      entries.skip(24);
    }
    return;
  }
  if (signature !== 'TREE' || node.uint8() !== 0) throw new TypeError(`no tree of groups at ${address}`);
  node.skip(1);
  const count = node.uint16();
  const children = await reader.fields(address + 24, count * 16 + 8);
  for (let i = 0; i < count; i++) {
    children.skip(8);
    await addGroupMembers(reader, children.place(), names, members, depth + 1);
  }
}
