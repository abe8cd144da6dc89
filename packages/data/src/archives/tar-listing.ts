import { posix } from 'node:path';
import type { Budget, OpenSource } from '@cnnzoo/files';
import type { ArchiveEntry, ArchiveListing, ArchivePart } from './archive-entry.js';
import { sourceReader } from './byte-reader.js';
import { tarEntries } from './tar-entries.js';

/** Links to links are followed this far, as by Linux. */
const maxSteps = 40;

/** The files of a .tar: its headers are read one after the other, the files skipped. Links to files of the archive are those files. */
export async function tarListing(source: OpenSource, budget: Budget): Promise<ArchiveListing> {
  const files: ArchiveEntry[] = [];
  const folders: string[] = [];
  const others: string[] = [];
  const links: { readonly path: string; readonly target: string }[] = [];
  for await (const { path: raw, kind, target, offset, size } of tarEntries(sourceReader(source), budget)) {
    const path = plain(raw);
    if (kind === 'file') files.push({ path, part: tarPart(offset, size) });
    else if (kind === 'folder') folders.push(path);
    else if (kind === 'link') links.push({ path, target: plain(target) });
    else if (kind === 'symbolic link') links.push({ path, target: posix.join(posix.dirname(path), target) });
    else others.push(path);
  }
  followLinks(files, links, others, budget);
  return { files, folders, others };
}

/** The place of an entry's bytes, which a .tar stores as they are. */
export function tarPart(offset: number, size: number): ArchivePart {
  return { format: 'tar', offset, compressedSize: size, size, compression: 'stored' };
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
