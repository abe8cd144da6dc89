import { isRecord, nodeModule, runsInNode, writeAtomically } from '@cnnzoo/files';
import { cachedSource } from '../download/cached-source.js';
import { httpJson, PermanentHttpError } from '../download/http-download.js';
import { cacheName, type DownloadOptions, folderOf, isOffline, mirrored } from '../download/weights-cache.js';
import { type HubRepository, hubEndpoint } from './hub-address.js';

/** Gives a file of the repository in the cache, downloaded first where it is not there: its path in Node, the file itself in a page. */
export type HubFiles = (file: string) => Promise<string | File>;

/**
 * Opens a repository at the commit that its revision means now. Files are kept by commit, so that another push is seen; where the hub cannot be
 * reached, or downloads are off, the commit is that of the last time. A page has no note of that: it needs the hub.
 * @throws Error naming the repository where the hub does not have it or does not show it
 */
export async function openRepository(repository: HubRepository, options: DownloadOptions): Promise<HubFiles> {
  const commit = await (runsInNode() ? notedCommit : askedCommit)(repository, options);
  return (file) => cachedSource(`${hubEndpoint()}/${repository.name}/resolve/${commit}/${file}`, null, options);
}

async function notedCommit(repository: HubRepository, options: DownloadOptions): Promise<string> {
  const { name } = repository;
  const fs = nodeModule('node:fs/promises');
  const { dirname, join } = nodeModule('node:path');
  const url = addressOfRevision(repository);
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
  const commit = commitIn(answer, url);
  await fs.mkdir(dirname(note), { recursive: true });
  await writeAtomically(note, commit);
  return commit;
}

async function askedCommit(repository: HubRepository, options: DownloadOptions): Promise<string> {
  const { name } = repository;
  if (options.offline === true) throw new Error(`hf-hub:${name} needs the hub, and downloads are off (offline)`);
  const url = addressOfRevision(repository);
  const source = mirrored(url, options);
  const response = await fetch(source, { cache: 'no-store' }).catch((cause: Error) => {
    throw new Error(`${source}: no answer that this page may read (${cause.message})`, { cause });
  });
  if (!response.ok)
    throw new Error(`hf-hub:${name}: ${source}: the server answered ${response.status}; is it called so?`);
  return commitIn(await response.json(), url);
}

function addressOfRevision({ name, revision }: HubRepository): string {
  return `${hubEndpoint()}/api/models/${name}/revision/${encodeURIComponent(revision)}`;
}

function commitIn(answer: unknown, url: string): string {
  const commit = isRecord(answer) ? answer['sha'] : undefined;
  if (typeof commit !== 'string' || !isCommit(commit))
    throw new Error(`${url}: the answer names no commit, expected { "sha": "…" }`);
  return commit;
}

const isCommit = (text: string) => /^[0-9a-f]{40}$/.test(text);
