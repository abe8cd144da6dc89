/** SHA256SUMS, the file by which coreutils' `sha256sum --check` knows the other files of a folder, too. */
import { nodeModule } from '@cnnzoo/files';

export const checksumsFile = 'SHA256SUMS';

/** The text of a SHA256SUMS. */
export function checksumsOf(files: ReadonlyMap<string, string | Uint8Array>): string {
  return [...files].map(([name, content]) => `${sha256(content)}  ${name}\n`).join('');
}

/**
 * The files that a SHA256SUMS names, read whole.
 * @throws Error naming the file that is missing or is not what was written
 */
export async function readChecked(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const { readFile } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const list = join(folder, checksumsFile);
  const lines = (await readFile(list, 'utf8')).split('\n').filter((line) => line !== '');
  const files = new Map<string, Uint8Array>();
  for (const line of lines) {
    const [, sum, name] = /^([0-9a-f]{64}) [ *]([\w.-]+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined)
      throw new TypeError(`${list}: '${line.slice(0, 100)}' is no line of a SHA-256 and a file's name`);
    const path = join(folder, name);
    const content = await readFile(path);
    if (sha256(content) !== sum) throw new Error(`${path} is damaged: its SHA-256 is not the one in ${checksumsFile}`);
    files.set(name, content);
  }
  return files;
}

export function sha256(...contents: readonly (string | Uint8Array)[]): string {
  const hash = nodeModule('node:crypto').createHash('sha256');
  for (const content of contents) hash.update(content);
  return hash.digest('hex');
}
