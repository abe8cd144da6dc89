import { posix } from 'node:path';
import type { Budget, OpenSource } from '@cnnzoo/files';
import { Header, Pax } from 'tar';
import type { ArchiveEntry, ArchiveListing } from './archive-entry.js';

const blockSize = 512;
/** Paths and extended headers are shorter than this. */
const maxHeaderBytes = 2 ** 20;
/** Links to links are followed this far, as by Linux. */
const maxSteps = 40;

/** The files of a .tar: its headers are read one after the other, the files skipped. Links to files of the archive are those files. */
export async function tarListing(source: OpenSource, budget: Budget): Promise<ArchiveListing> {
  const { size } = source;
  const files: ArchiveEntry[] = [];
  const folders: string[] = [];
  const others: string[] = [];
  const links: { readonly path: string; readonly target: string }[] = [];
  let pax: Pax | undefined;
  let longPath: string | undefined;
  let longTarget: string | undefined;
  for (let offset = 0; offset < size; ) {
    if (offset + blockSize > size) throw new Error(`truncated tar: it ends in the header at byte ${offset}`);
    budget.entries(1);
    const header = parseHeader(await source.read(offset, blockSize), offset, pax);
    if (header.nullBlock) break;
    if (!header.cksumValid) throw new Error(`no readable tar: wrong checksum in the header at byte ${offset}`);
    const length = header.size ?? 0;
    const start = offset + blockSize;
    if (!(length >= 0 && start + length <= size))
      throw new Error(`truncated tar: its entry '${header.path}' ends at byte ${start + length}, the file at ${size}`);
    const { type } = header;
    if (type === 'ExtendedHeader' || type === 'NextFileHasLongPath' || type === 'NextFileHasLongLinkpath') {
      if (length > maxHeaderBytes) throw new Error(`corrupt tar: a header of ${length} bytes`);
      const text = Buffer.from(await source.read(start, length)).toString('utf8');
      if (type === 'ExtendedHeader') pax = Pax.parse(text, pax);
      else if (type === 'NextFileHasLongPath') longPath = text.replace(/\0.*$/s, '');
      else longTarget = text.replace(/\0.*$/s, '');
    } else if (type !== 'GlobalExtendedHeader') {
      const path = plain(longPath ?? pax?.path ?? header.path ?? '');
      const target = longTarget ?? pax?.linkpath ?? header.linkpath ?? '';
      if (type === 'File' || type === 'OldFile' || type === 'ContiguousFile')
        files.push({
          path,
          part: { format: 'tar', offset: start, compressedSize: length, size: length, compression: 'stored' },
        });
      else if (type === 'Directory') folders.push(path);
      else if (type === 'Link') links.push({ path, target: plain(target) });
      else if (type === 'SymbolicLink') links.push({ path, target: posix.join(posix.dirname(path), target) });
      else others.push(path);
      [pax, longPath, longTarget] = [undefined, undefined, undefined];
    }
    offset = start + Math.ceil(length / blockSize) * blockSize;
  }
  followLinks(files, links, others, budget);
  return { files, folders, others };
}

/** Adds the files that links lead to, by the links' paths: first those of files, then those of folders with all their files. */
function followLinks(
  files: ArchiveEntry[],
  links: readonly { readonly path: string; readonly target: string }[],
  others: string[],
  budget: Budget,
): void {
  const parts = new Map(files.map(({ path, part }) => [path, part]));
  const targets = new Map(links.map(({ path, target }) => [path, target]));
  const toFolders: (typeof links)[number][] = [];
  for (const link of links) {
    let { target } = link;
    for (let step = 0; step < maxSteps && !parts.has(target); step++) target = targets.get(target) ?? target;
    const part = parts.get(target);
    if (part === undefined) toFolders.push({ ...link, target });
    else files.push({ path: link.path, part });
  }
  const real = files.length;
  for (const { path, target } of toFolders) {
    // Each of them goes through all files: a stranger's archive may not have many.
    budget.values(real);
    const before = files.length;
    for (const { path: from, part } of files.slice(0, real))
      if (from.startsWith(`${target}/`)) files.push({ path: path + from.slice(target.length), part });
    budget.entries(files.length - before);
    if (files.length === before) others.push(path);
  }
}

function plain(path: string): string {
  return path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
}

function parseHeader(block: Uint8Array, offset: number, pax: Pax | undefined): Header {
  try {
    return new Header(Buffer.from(block.buffer, block.byteOffset, block.byteLength), 0, pax);
  } catch (cause) {
    throw new Error(`corrupt tar: header at byte ${offset} (${cause instanceof Error ? cause.message : cause})`, {
      cause,
    });
  }
}
