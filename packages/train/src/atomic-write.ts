import { open, rename } from 'node:fs/promises';

/** Writes a file and waits until it is on the disk. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
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
  await rename(`${path}.part`, path);
}
