/** The cache of downloaded weights as its owner sees it: what is in it, whether it is whole, and how to be rid of it. */
import { check, checkOptions, listOf, string } from '@cnnzoo/checks';
import { runsInNode } from '@cnnzoo/files';
import { cachedSource } from '../download/cached-source.js';
import { pageDownloads } from '../download/page-cache.js';
import {
  type CachedDownload,
  cachedDownloads,
  type DownloadOptions,
  downloadRules,
} from '../download/weights-cache.js';
import { hubNameOf, hubRepository, isHubName } from '../hub/hub-address.js';
import { openHubWeights } from '../hub/hub-weights.js';
import { describeWeights, listWeights } from './registry.js';

/** A file in the cache of downloaded weights. */
export interface CachedWeights {
  /** The published set, such as 'resnet50.IMAGENET1K_V2', or the repository of Hugging Face's hub, such as 'hf-hub:timm/resnet18.a1_in1k'; null for the file of another address. */
  readonly id: string | null;
  /** Where it is from; null where the cache has no note of that. */
  readonly url: string | null;
  /** Its path; in a page its address. */
  readonly file: string;
  readonly bytes: number;
}

/**
 * The files in the cache of downloaded weights.
 * @param options `cacheFolder`
 * @returns published sets and files of other addresses
 * @throws TypeError naming an option that is wrong, and errors of the file system
 * @example
 * import { cachedWeights } from '@cnnzoo/weights';
 *
 * for (const { id, bytes } of await cachedWeights()) console.log(id, bytes);
 */
export async function cachedWeights(options: DownloadOptions = {}): Promise<CachedWeights[]> {
  checkOptions<DownloadOptions>('cachedWeights', options, downloadRules);
  return (await downloads(options)).map(describe);
}

/**
 * Downloads a published set into the cache, or finds it there.
 * @param id such as 'resnet50.IMAGENET1K_V2', 'resnet50.DEFAULT', or a repository of Hugging Face's hub, 'hf-hub:timm/resnet18.a1_in1k'
 * @param options as for `loadPretrained`
 * @returns the path of the file, or in a page its address
 * @throws RangeError where there is no such set, Error for downloads that fail
 * @example
 * import { downloadWeights } from '@cnnzoo/weights';
 *
 * console.log(await downloadWeights('resnet18.DEFAULT'));
 */
export async function downloadWeights(id: string, options: DownloadOptions = {}): Promise<string> {
  checkOptions<DownloadOptions>('downloadWeights', options, downloadRules);
  check('id', id, string("a set's name such as 'resnet50.DEFAULT'"));
  const file = await downloaded(id, options);
  return typeof file === 'string' ? file : file.name;
}

async function downloaded(id: string, options: DownloadOptions): Promise<string | File> {
  if (isHubName(id)) return (await openHubWeights(id, options)).download();
  const published = describeWeights(id);
  return cachedSource(published.url, published, options);
}

/**
 * Reads every file in the cache and compares it with its published hash, or with that of its first download.
 * @param options `cacheFolder`
 * @returns the files, and whether each is whole: `loadPretrained` downloads one that is not again
 * @example
 * import { verifyCachedWeights } from '@cnnzoo/weights';
 *
 * const broken = (await verifyCachedWeights()).filter(({ intact }) => !intact);
 */
export async function verifyCachedWeights(
  options: DownloadOptions = {},
): Promise<(CachedWeights & { readonly intact: boolean })[]> {
  checkOptions<DownloadOptions>('verifyCachedWeights', options, downloadRules);
  const found = [];
  for (const each of await downloads(options)) found.push({ ...describe(each), intact: await each.isIntact() });
  return found;
}

/**
 * Removes files from the cache. A download that another process is at is waited for.
 * @param ids the published sets and repositories of Hugging Face's hub to remove; default: everything
 * @param options `cacheFolder`
 * @returns what was removed
 * @throws RangeError where there is no such set
 * @example
 * import { clearCachedWeights } from '@cnnzoo/weights';
 *
 * await clearCachedWeights(['vgg16.IMAGENET1K_V1']);
 */
export async function clearCachedWeights(
  ids?: readonly string[],
  options: DownloadOptions = {},
): Promise<CachedWeights[]> {
  checkOptions<DownloadOptions>('clearCachedWeights', options, downloadRules);
  const wanted = ids === undefined ? null : check('ids', ids, listOf(string())).map(cachedId);
  const removed = [];
  for (const each of await downloads(options)) {
    const described = describe(each);
    if (wanted !== null && (described.id === null || !wanted.includes(described.id))) continue;
    await each.remove();
    removed.push(described);
  }
  return removed;
}

/** What `describe` calls a set or a repository. */
function cachedId(id: string): string {
  return isHubName(id) ? `hf-hub:${hubRepository(id).name}` : describeWeights(id).id;
}

function downloads(options: DownloadOptions): Promise<CachedDownload[]> {
  return (runsInNode() ? cachedDownloads : pageDownloads)(options, listWeights());
}

function describe({ file, bytes, url, published }: CachedDownload): CachedWeights {
  const set = published ? listWeights().find((weights) => weights.url === url) : undefined;
  return { id: set?.id ?? (url === null ? null : hubNameOf(url)), url, file, bytes };
}
