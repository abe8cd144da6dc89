/** The cache folder of downloaded weights: each file is downloaded once, checked, and remembered with its hash. */

import { nodeModule } from '@cnnzoo/files';
import type { FileHash } from './file-hash.js';
import { withFileLock } from './file-lock.js';
import { httpDownload, PermanentHttpError } from './http-download.js';

/** Where files come from and where they are kept. */
export interface DownloadOptions {
  /** Default: the environment variable CNNZOO_CACHE, else cnnzoo/weights in $XDG_CACHE_HOME or ~/.cache. */
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
 * console.log(await weightsCacheFolder()); // such as /home/you/.cache/cnnzoo
 */
export async function weightsCacheFolder({ cacheFolder }: DownloadOptions = {}): Promise<string> {
  const { join } = nodeModule('node:path');
  const { homedir } = nodeModule('node:os');
  const given = cacheFolder ?? process.env['CNNZOO_CACHE'];
  if (given !== undefined && given !== '') return given;
  const xdg = process.env['XDG_CACHE_HOME'];
  return join(xdg === undefined || xdg === '' ? join(homedir(), '.cache') : xdg, 'cnnzoo', 'weights');
}

/**
 * The path of a file in the cache, downloaded first where it is not there.
 *
 * A new file has to fit the hash of the registry or, where that has none, the SHA-256 that the server gives as an ETag; the
 * SHA-256 found is then kept beside it and checked again whenever the file's size or time changed.
 * @param url http or https
 * @param hash what the registry knows
 * @throws Error naming the address: no connection, an answer such as 404, another hash than expected, offline and not there
 */
export async function cachedFile(url: string, hash: FileHash | null, options: DownloadOptions = {}): Promise<string> {
  const fs = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const { createHash } = nodeModule('node:crypto');
  const { pathname } = new URL(url);
  const folder = await weightsCacheFolder(options);
  const name = decodeURIComponent(pathname.split('/').at(-1) ?? '').replaceAll(/[^\w.-]/g, '_') || 'weights';
  const file = join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 16)}-${name}`);
  if (await isIntact(file)) return file;
  const offline = options.offline ?? !['', '0', undefined].includes(process.env['CNNZOO_OFFLINE']);
  if (offline) throw new Error(`${url} is not in the cache ${folder}, and downloads are off (offline)`);
  await fs.mkdir(folder, { recursive: true });
  return withFileLock(`${file}.lock`, async () => {
    // Another process may have downloaded it while this one waited.
    if (!(await isIntact(file))) await download(url, file, hash, options);
    return file;
  });
}

async function readPin(file: string): Promise<Pin | null> {
  const fs = nodeModule('node:fs/promises');
  try {
    return JSON.parse(await fs.readFile(`${file}.json`, 'utf8')) as Pin;
  } catch {
    return null;
  }
}

/** Whether the file is the one that was downloaded. Hashing half a gigabyte takes longer than loading it: only if it was touched. */
async function isIntact(file: string): Promise<boolean> {
  const fs = nodeModule('node:fs/promises');
  const stat = await fs.stat(file).catch(() => null);
  const pin = await readPin(file);
  if (stat === null || pin === null || stat.size !== pin.size) return false;
  if (stat.mtimeMs === pin.mtimeMs) return true;
  if ((await hashFile(file, 'sha256')) !== pin.sha256) return false;
  await writePin(file, pin);
  return true;
}

async function writePin(file: string, { url, sha256 }: Pick<Pin, 'url' | 'sha256'>): Promise<void> {
  const fs = nodeModule('node:fs/promises');
  const { size, mtimeMs } = await fs.stat(file);
  const temporary = `${file}.json.${process.pid}.tmp`;
  await fs.writeFile(temporary, `${JSON.stringify({ url, sha256, size, mtimeMs } satisfies Pin)}\n`);
  await fs.rename(temporary, `${file}.json`);
}

/** The hash of a file's content in hexadecimal digits. */
export async function hashFile(file: string, algorithm: string): Promise<string> {
  const { createHash } = nodeModule('node:crypto');
  const { createReadStream } = nodeModule('node:fs');
  const hash = createHash(algorithm);
  for await (const part of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(part as Uint8Array);
  return hash.digest('hex');
}

async function download(url: string, file: string, hash: FileHash | null, options: DownloadOptions): Promise<void> {
  const fs = nodeModule('node:fs/promises');
  const { retries = 4, retryDelay = 1, stallTimeout = 30, onProgress } = options;
  const source = mirrored(url, options);
  const partial = `${file}.part`;
  for (let attempt = 0; ; attempt++) {
    try {
      const resumed = (await fs.stat(partial).catch(() => null)) !== null;
      const { sha256: promised } = await httpDownload(source, partial, {
        stallTimeout,
        onProgress: (received, total) => onProgress?.({ url: source, received, total }),
      });
      const sha256 = await hashFile(partial, 'sha256');
      const found = hash?.algorithm === 'md5' ? await hashFile(partial, 'md5') : sha256;
      const expected = hash?.prefix ?? promised ?? '';
      if (!found.startsWith(expected)) {
        await fs.rm(partial, { force: true });
        const message = `${source}: the hash is ${found}, expected ${expected}${hash === null ? ' as the server says' : ''}`;
        // The beginning from an earlier attempt may have been broken.
        throw resumed ? new Error(message) : new PermanentHttpError(message);
      }
      await fs.rename(partial, file);
      return await writePin(file, { url, sha256 });
    } catch (error) {
      if (error instanceof PermanentHttpError || attempt >= retries) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryDelay * 1000 * 2 ** attempt));
    }
  }
}

function mirrored(url: string, { mirror = process.env['CNNZOO_MIRROR'] }: DownloadOptions): string {
  if (mirror === undefined || mirror === '') return url;
  const { host, pathname, search } = new URL(url);
  return `${mirror.replace(/\/+$/, '')}/${host}${pathname}${search}`;
}
