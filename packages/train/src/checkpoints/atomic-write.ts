import { nodeModule } from '../node-module.js';

/** Writes a file and waits until it is on the disk. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await nodeModule('node:fs/promises').open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a file under another name and renames it: whoever reads it sees the old or the new one, never a part. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await writeDurably(`${path}.part`, content);
  await nodeModule('node:fs/promises').rename(`${path}.part`, path);
}
