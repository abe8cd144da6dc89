import { isRecord, nodeModule, writeAtomically } from '@cnnzoo/files';
import { httpJson, PermanentHttpError } from '../download/http-download.js';
import {
  cachedFile,
  cacheName,
  type DownloadOptions,
  folderOf,
  isOffline,
  mirrored,
} from '../download/weights-cache.js';
import { type HubRepository, hubEndpoint } from './hub-address.js';

/** Gives the path of a file of the repository in the cache, downloaded first where it is not there. */
export type HubFiles = (file: string) => Promise<string>;

/**
 * Opens a repository at the commit that its revision means now. Files are kept by commit, so that another push is seen; where the hub cannot be
 * reached, or downloads are off, the commit is that of the last time.
 * @throws Error naming the repository where the hub does not have it or does not show it
 */
export async function openRepository(repository: HubRepository, options: DownloadOptions): Promise<HubFiles> {
  const commit = await commitOf(repository, options);
  return (file) => cachedFile(`${hubEndpoint()}/${repository.name}/resolve/${commit}/${file}`, null, options);
}

async function commitOf({ name, revision }: HubRepository, options: DownloadOptions): Promise<string> {
  const fs = nodeModule('node:fs/promises');
  const { dirname, join } = nodeModule('node:path');
  const url = `${hubEndpoint()}/api/models/${name}/revision/${encodeURIComponent(revision)}`;
  const note = join(folderOf(options), 'commits', cacheName(url));
  const noted = await fs.readFile(note, 'utf8').catch(() => null);
  if (isOffline(options)) {
    if (noted !== null && isCommit(noted)) return noted;
    throw new Error(`hf-hub:${name} is not in the cache, and downloads are off (offline)`);
  }
  let answer: unknown;
  try {
    answer = await httpJson(mirrored(url, options), options.stallTimeout ?? 30);
  } catch (error) {
    if (error instanceof PermanentHttpError)
      throw new Error(`hf-hub:${name}: ${error.message}; is it called so? A private repository needs HF_TOKEN`, {
        cause: error,
      });
    if (noted !== null && isCommit(noted)) return noted;
    throw error;
  }
  const commit = isRecord(answer) ? answer['sha'] : undefined;
  if (typeof commit !== 'string' || !isCommit(commit))
    throw new Error(`${url}: the answer names no commit, expected { "sha": "…" }`);
  await fs.mkdir(dirname(note), { recursive: true });
  await writeAtomically(note, commit);
  return commit;
}

const isCommit = (text: string) => /^[0-9a-f]{40}$/.test(text);
