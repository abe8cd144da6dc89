/** What a file is, by its first bytes and never by its name. */

export type FileKind = 'hdf5' | 'zip' | 'pickle' | 'safetensors' | 'json';

/** How many bytes tell what a file is. */
export const kindBytes = 64;

/** The kind of a file of weights, or a sentence that says what it is instead. */
export function fileKind(start: Uint8Array): FileKind | { readonly instead: string } {
  const startsWith = (...bytes: number[]) =>
    start.length >= bytes.length && bytes.every((byte, i) => start[i] === byte);
  if (startsWith(0x89, 0x48, 0x44, 0x46)) return 'hdf5';
  if (startsWith(0x50, 0x4b)) return 'zip';
  // Before it a length of 8 bytes, which a text would make enormous; the reference library reads white space before the header.
  const length = start.slice(0, 8).reduceRight((sum, byte) => sum * 256 + byte, 0);
  if (length < 2 ** 48 && start.length > 8 && /^\s*\{/.test(latin1(start.subarray(8)))) return 'safetensors';
  const text = latin1(start).trimStart();
  if ((start[0] === 0x80 && (start[1] ?? 255) <= 5) || /^[LI]\d+L?\n/.test(text)) return 'pickle';
  if (text.startsWith('version https://git-lfs'))
    return { instead: 'a pointer of Git LFS and not the file: fetch it with `git lfs pull`' };
  if (/^<(!doctype|html|head|\?xml)/i.test(text))
    return { instead: 'a web page and not the file: the address answered with a page, so download the file itself' };
  if (text.startsWith('{')) return 'json';
  if (startsWith(0x1f, 0x8b)) return { instead: 'compressed by gzip: unpack it first' };
  if (startsWith(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59))
    return { instead: 'an array of NumPy: save a state dict with torch.save or safetensors' };
  if (start.length === 0) return { instead: 'empty' };
  return { instead: `no file of weights (it starts with ${hex(start)})` };
}

/** The error of a reader that was given a file of another kind. */
export function wrongKind(found: ReturnType<typeof fileKind>, expected: string): TypeError {
  const names = {
    hdf5: 'an HDF5 file, as readKeras reads',
    zip: 'a zip archive',
    pickle: 'a pickle, as readTorch reads',
    safetensors: 'a safetensors file',
    json: 'JSON',
  };
  return new TypeError(`expected ${expected}, this is ${typeof found === 'string' ? names[found] : found.instead}`);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, '0')).join(' ');
}
