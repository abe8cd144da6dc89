/** Texts of any length, which an attribute refers to. */
import type { StructureReader } from './dense-storage.js';
import { decodeText, Fields, parseAttribute } from './messages.js';

/** The texts of a heap, by their index in it. */
export async function readGlobalHeap(reader: StructureReader, address: number): Promise<ReadonlyMap<number, string>> {
  const header = await reader.fields(address, 16);
  header.signature('GCOL');
  header.skip(4);
  const size = header.place();
  const fields = await reader.fields(address, size);
  fields.skip(16);
  const texts = new Map<number, string>();
  while (fields.left >= 16) {
    const index = fields.uint16();
    fields.skip(6);
    const length = fields.place();
    if (index === 0) break;
    texts.set(index, decodeText(fields.take(length)).replace(/\0$/, ''));
    fields.skip(Math.min((8 - (length % 8)) % 8, fields.left));
  }
  return texts;
}

/** The global heaps that an attribute of texts of any length refers to. */
export function variableTextHeaps(data: Uint8Array): number[] {
  const heaps = new Set<number>();
  parseAttribute(new Fields(data), (collection) => {
    heaps.add(collection);
    return '';
  });
  return [...heaps];
}
