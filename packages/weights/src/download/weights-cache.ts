/** The cache folder of downloaded weights: each file is downloaded once, checked, and remembered with its hash. */

import {
  boolean,
  callable,
  checkOptions,
  integer,
  number,
  type OptionRules,
  optional,
  positive,
  rule,
  string,
} from '@cnnzoo/checks';
import { isRecord, nodeModule, runsInNode, writeAtomically } from '@cnnzoo/files';
import { type ExpectedFile, hashFile } from './file-hash.js';
import { withFileLock } from './file-lock.js';
import { httpDownload, PermanentHttpError } from './http-download.js';

/** Where files come from and where they are kept. */
export interface DownloadOptions {
  /** Default: the environment variable CNNZOO_CACHE, else cnnzoo/weights in $XDG_CACHE_HOME or ~/.cache. A page has its browser's Cache Storage instead. */
  readonly cacheFolder?: string;
  /** true: only what is in the cache. Default: whether CNNZOO_OFFLINE is set to anything but 0. */
  readonly offline?: boolean;
  /**
   * Address of a server that has the files under their original host and path, as in
   * https://mirror.example/download.pytorch.org/models/resnet18-f37072fd.pth. Default: the environment variable CNNZOO_MIRROR.
   */
  readonly mirror?: string;
  /** How often a failed download is retried; each attempt resumes where the last one stopped. Default 4. */
  readonly retries?: number;
  /** @internal Seconds before the first retry, doubled before each next one. Default 1. For tests. */
  readonly retryDelay?: number;
  /** @internal Seconds without a byte after which an attempt counts as failed. Default 30. For tests. */
  readonly stallTimeout?: number;
  /** Called as bytes arrive. `total` is null where the server does not say. */
  readonly onProgress?: (progress: { url: string; received: number; total: number | null }) => void;
}

export const downloadRules: OptionRules<DownloadOptions> = {
  cacheFolder: optional(string('the path of a folder')),
  offline: optional(boolean),
  mirror: optional(rule<string>('the address of a server', (value) => typeof value === 'string')),
  retries: optional(integer(0)),
  retryDelay: optional(number(0)),
  stallTimeout: optional(positive),
  onProgress: optional(callable('a function')),
};

/** What is remembered beside a file in the cache. */
interface Pin {
  readonly url: string;
  readonly sha256: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/**
 * The folder that `loadPretrained` keeps files in.
 * @example
 * import { weightsCacheFolder } from '@cnnzoo/weights';
 *
 * console.log(await weightsCacheFolder()); // such as /home/you/.cache/cnnzoo/weights
 */
export async function weightsCacheFolder(options: DownloadOptions = {}): Promise<string> {
  return folderOf(checkOptions<DownloadOptions>('weightsCacheFolder', options, downloadRules));
}

/** The cache folder. */
export function folderOf({ cacheFolder }: DownloadOptions): string {
  const { join } = nodeModule('node:path');
  const { homedir } = nodeModule('node:os');
  const given = cacheFolder ?? process.env['CNNZOO_CACHE'];
  if (given !== undefined && given !== '') return given;
  const xdg = process.env['XDG_CACHE_HOME'];
  return join(xdg === undefined || xdg === '' ? join(homedir(), '.cache') : xdg, 'cnnzoo', 'weights');
}

/** Bytes of a download whose size nobody has said: far above all files of weights of these networks. */
const largestUnknown = 2 ** 33;

/** A file in the cache, and what it has to be. */
interface CacheEntry {
  readonly url: string;
  readonly file: string;
  readonly expected: ExpectedFile | null;
}

/**
 * The path of a file in the cache, downloaded first where it is not there.
 *
 * A published file is the one whose content has the published hash, whoever has put it into the cache: that is computed once in each
 * process. Where the publisher has no hash, the SHA-256 that the server gives as an ETag or, without one, the SHA-256 of the first download is
 * kept beside the file and checked whenever its size or time changed. Files of other addresses are kept apart.
 * @param url http or https
 * @param expected what the registry knows of a published file; null for any other address
 * @throws Error naming the address: no connection, an answer such as 404, another hash or a larger file than expected, offline and not
 *   there; TypeError for what is no address
 */
export async function cachedFile(
  url: string,
  expected: ExpectedFile | null,
  options: DownloadOptions = {},
): Promise<string> {
  const fs = nodeModule('node:fs/promises');
  const { dirname } = nodeModule('node:path');
  const folder = folderOf(options);
  const entry = { url, expected, file: cachePath(url, expected, options) };
  if (await isIntact(entry)) return entry.file;
  if (isOffline(options)) {
    const other = await fs.stat(entry.file).then(
      () => true,
      () => false,
    );
    throw new Error(
      `${url} is not in the cache ${folder}${other ? ' (what is there has another hash)' : ''}, and downloads are off (offline)`,
    );
  }
  await fs.mkdir(dirname(entry.file), { recursive: true });
  return withFileLock(`${entry.file}.lock`, async () => {
    // Another process may have downloaded it while this one waited.
    if (!(await isIntact(entry))) await download(entry, options);
    return entry.file;
  });
}

/** Whether only the cache may be read. */
export function isOffline({ offline }: DownloadOptions): boolean {
  return offline ?? !['', '0', undefined].includes(process.env['CNNZOO_OFFLINE']);
}

/** A file that the cache holds. */
export interface CachedDownload {
  readonly file: string;
  readonly bytes: number;
  /** Where it is from; null where nobody has noted that. */
  readonly url: string | null;
  /** Whether it lies among the published files, and not among those of other addresses. */
  readonly published: boolean;
  /** Whether it is the file that it has to be. */
  readonly isIntact: () => Promise<boolean>;
  /** With what the cache keeps beside it. */
  readonly remove: () => Promise<void>;
}

/** The file of an address in the cache, or where it would be. */
export function cachePath(url: string, expected: ExpectedFile | null, options: DownloadOptions): string {
  const { join } = nodeModule('node:path');
  return join(folderOf(options), expected === null ? 'addresses' : 'published', cacheName(url));
}

/**
 * What is in the cache, by name. Which published file one has to be is told by where it lies: the note beside it may be missing, or
 * written by whoever wrote the file.
 */
export async function cachedDownloads(
  options: DownloadOptions,
  published: readonly (ExpectedFile & { readonly url: string })[],
): Promise<CachedDownload[]> {
  const fs = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const found: CachedDownload[] = [];
  for (const kind of ['addresses', 'published']) {
    const folder = join(folderOf(options), kind);
    const names = await fs.readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const places = new Map(kind === 'published' ? published.map((each) => [cacheName(each.url), each]) : []);
    for (const name of names.filter((each) => !/\.(json|part|lock|takeover|tmp)$/.test(each)).sort()) {
      const file = join(folder, name);
      const stat = await fs.stat(file).catch(() => null);
      if (stat === null || !stat.isFile()) continue;
      const expected = places.get(name) ?? null;
      const url = expected?.url ?? (await readPin(file))?.url ?? null;
      found.push({
        file,
        bytes: stat.size,
        url,
        published: expected !== null,
        isIntact: async () => {
          verified.delete(file);
          return isIntact({ url: url ?? '', file, expected });
        },
        remove: () =>
          withFileLock(`${file}.lock`, async () => {
            for (const ending of ['', '.json', '.part']) await fs.rm(`${file}${ending}`, { force: true });
          }),
      });
    }
  }
  return found;
}

/** A name that tells people what it is, after a hash that tells addresses apart. */
export function cacheName(url: string): string {
  const { createHash } = nodeModule('node:crypto');
  if (!URL.canParse(url)) throw new TypeError(`weights must be an address, got '${url.slice(0, 200)}'`);
  let name = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    name = decodeURIComponent(name);
  } catch {
    // No UTF-8: it stays as it is written.
  }
  const readable = name.replaceAll(/[^\w.-]/g, '_').slice(-80) || 'weights';
  return `${createHash('sha256').update(url).digest('hex').slice(0, 16)}-${readable}`;
}

async function readPin(file: string): Promise<Pin | null> {
  const fs = nodeModule('node:fs/promises');
  try {
    const pin: unknown = JSON.parse(await fs.readFile(`${file}.json`, 'utf8'));
    return isRecord(pin) && typeof pin['sha256'] === 'string' ? (pin as unknown as Pin) : null;
  } catch {
    return null;
  }
}

/** Files that this process has found to be what their publisher says, by path: their size, time and hash. */
const verified = new Map<string, string>();

/** Whether the file is the one that it has to be. */
async function isIntact({ file, expected }: CacheEntry): Promise<boolean> {
  const stat = await nodeModule('node:fs/promises')
    .stat(file)
    .catch(() => null);
  if (stat === null || !stat.isFile()) return false;
  if (expected?.hash) {
    const { algorithm, prefix } = expected.hash;
    // Not by the pin: whoever can write the file can write that, too.
    const state = `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs} ${algorithm} ${prefix}`;
    if (verified.get(file) === state) return true;
    if (!(await hashFile(file, algorithm)).startsWith(prefix)) return false;
    verified.set(file, state);
    return true;
  }
  const pin = await readPin(file);
  if (pin === null || stat.size !== pin.size) return false;
  if (stat.mtimeMs === pin.mtimeMs) return true;
  if ((await hashFile(file, 'sha256')) !== pin.sha256) return false;
  // The folder may be read-only, as in a container's image: then the file is hashed again next time.
  await writePin(file, pin).catch(() => undefined);
  return true;
}

async function writePin(file: string, { url, sha256 }: Pick<Pin, 'url' | 'sha256'>): Promise<void> {
  const { size, mtimeMs } = await nodeModule('node:fs/promises').stat(file);
  await writeAtomically(`${file}.json`, `${JSON.stringify({ url, sha256, size, mtimeMs } satisfies Pin)}\n`);
}

async function download({ url, file, expected }: CacheEntry, options: DownloadOptions): Promise<void> {
  const fs = nodeModule('node:fs/promises');
  const { stallTimeout = 30, onProgress } = options;
  const source = mirrored(url, options);
  const partial = `${file}.part`;
  const hash = expected?.hash ?? null;
  await withRetries(options, async () => {
    const resumed = (await fs.lstat(partial).catch(() => null)) !== null;
    const { sha256: promised } = await httpDownload(source, partial, {
      stallTimeout,
      largest: largestOf(expected),
      onProgress: (received, total) => onProgress?.({ url: source, received, total }),
    });
    const sha256 = await hashFile(partial, 'sha256');
    const found = hash?.algorithm === 'md5' ? await hashFile(partial, 'md5') : sha256;
    const wanted = hash?.prefix ?? promised ?? '';
    if (!found.startsWith(wanted)) {
      await fs.rm(partial, { force: true });
      const message = `${source}: the hash is ${found}, expected ${wanted}${hash === null ? ' as the server says' : ''}`;
      // The beginning from an earlier attempt may have been broken.
      throw resumed ? new Error(message) : new PermanentHttpError(message);
    }
    await fs.rename(partial, file);
    await writePin(file, { url, sha256 });
  });
}

/** Tries again, each time after twice the wait, what another attempt may mend. */
export async function withRetries<T>(
  { retries = 4, retryDelay = 1 }: DownloadOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof PermanentHttpError || failures >= retries) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryDelay * 1000 * 2 ** failures));
    }
  }
}

/** Bytes that a file may have: the registry's sizes are rounded. */
export function largestOf(expected: ExpectedFile | null): number {
  return expected?.megabytes ? Math.ceil((expected.megabytes + 0.001) * 2 ** 20) : largestUnknown;
}

/** The address that a file is fetched from. */
export function mirrored(url: string, options: DownloadOptions): string {
  const mirror = options.mirror ?? (runsInNode() ? process.env['CNNZOO_MIRROR'] : undefined);
  if (mirror === undefined || mirror === '') return url;
  const { host, pathname, search } = new URL(url);
  return `${mirror.replace(/\/+$/, '')}/${host}${pathname}${search}`;
}
