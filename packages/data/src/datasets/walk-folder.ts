import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { DataError } from '../data-error.js';
import { type ImageListing, isHidden } from './image-listing.js';

/** Folders that are read at a time: the disk's waiting overlaps. */
const atOnce = 16;

/** Lists the files of a folder with one folder per class; symbolic links to files and folders are followed. */
export async function walkFolder(place: string, listing: ImageListing): Promise<void> {
  /** Folders to read, below the root, and the real paths of those above, where links were followed. */
  const pending: { folder: string; above: readonly string[] }[] = [{ folder: '', above: [] }];
  while (pending.length > 0) {
    const batch = pending.splice(-atOnce);
    const contents = await Promise.all(
      batch.map(({ folder }) => entriesOf(folder === '' ? place : `${place}/${folder}`)),
    );
    for (const [i, { folder, above }] of batch.entries())
      for (const entry of contents[i] ?? []) await add(entry, folder, above);
  }

  async function add(entry: Dirent, folder: string, above: readonly string[]): Promise<void> {
    const { name } = entry;
    const below = folder === '' ? name : `${folder}/${name}`;
    if (entry.isFile()) listing.addFile(folder, name);
    else if (isHidden(below)) listing.leaveOutHidden(below);
    else if (entry.isDirectory()) addFolder(below, folder, above);
    else if (entry.isSymbolicLink()) await follow(below, folder, name, above);
  }

  async function follow(below: string, folder: string, name: string, above: readonly string[]): Promise<void> {
    const target = await stat(`${place}/${below}`).catch(() => undefined);
    if (target?.isFile()) listing.addFile(folder, name);
    else if (target?.isDirectory()) {
      const [real, here] = [await realpath(`${place}/${below}`), await realpath(`${place}/${folder}`)];
      // A link to a folder that it is in would go round for ever.
      const round = here === real || here.startsWith(`${real}/`) || above.includes(real);
      if (round) listing.leaveOut('a link to nothing', folder, name);
      else addFolder(below, folder, [...above, real]);
    } else listing.leaveOut('a link to nothing', folder, name);
  }

  function addFolder(below: string, folder: string, above: readonly string[]): void {
    if (folder === '') listing.addClass(below);
    pending.push({ folder: below, above });
  }
}

function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    throw new DataError(folder, `cannot be read (${cause.message})`, { cause });
  });
}
