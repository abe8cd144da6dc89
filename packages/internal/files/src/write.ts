/** Files that are written completely or not at all. */
import type { FileHandle } from 'node:fs/promises';
import { nodeModule } from './node-module.js';

/** What a file is to hold, or a function that writes it. */
export type WriteContent = string | Uint8Array | ((file: FileHandle) => Promise<void>);

/** Writes a new file and waits until it is on the disk. A symbolic link or a file that is there already is not written to. */
export async function writeDurably(path: string, content: WriteContent): Promise<void> {
  const file = await nodeModule('node:fs/promises').open(path, 'wx');
  try {
    if (typeof content === 'function') await content(file);
    else await file.writeFile(content);
    await file.sync();
  } catch (error) {
    // Unlike opening, writing does not say which file: the disk is full.
    if (error instanceof Error && 'code' in error && !error.message.includes(path)) error.message += ` '${path}'`;
    throw error;
  } finally {
    await file.close();
  }
}

/** Waits until a folder's list of files is on the disk: without that, a renamed file may be gone after a power cut. */
export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and keeps their lists by itself.
  if (process.platform === 'win32') return;
  const folder = await nodeModule('node:fs/promises').open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems cannot.
    if (!['EINVAL', 'ENOTSUP'].includes(String((error as NodeJS.ErrnoException).code))) throw error;
  } finally {
    await folder.close();
  }
}

/**
 * Writes a file under another name and renames it: whoever reads it sees the old or the new one, never a part, also after a crash.
 * @throws Error naming `path` where it cannot be written
 */
export function writeAtomically(path: string, content: WriteContent): Promise<void> {
  return writeFilesAtomically([{ path, content }]);
}

/**
 * The same for files that belong together: all of them are written before the first is renamed, and they are renamed in their order.
 * @param files where each is to stand, and what it is to hold
 */
export async function writeFilesAtomically(
  files: readonly { readonly path: string; readonly content: WriteContent }[],
): Promise<void> {
  const { rename, rm } = nodeModule('node:fs/promises');
  const { dirname } = nodeModule('node:path');
  const { randomUUID } = nodeModule('node:crypto');
  const parts = files.map(({ path, content }) => ({ path, content, part: `${path}.${randomUUID().slice(0, 8)}.part` }));
  try {
    for (const { path, content, part } of parts) await naming(path, part, () => writeDurably(part, content));
    for (const { path, part } of parts) await naming(path, part, () => rename(part, path));
    for (const folder of new Set(parts.map(({ path }) => dirname(path)))) await syncFolder(folder);
  } finally {
    await Promise.all(parts.map(({ part }) => rm(part, { force: true })));
  }
}

/** Errors name the file that was asked for, not the temporary one. */
async function naming(path: string, part: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error) error.message = error.message.replaceAll(part, path);
    throw error;
  }
}
