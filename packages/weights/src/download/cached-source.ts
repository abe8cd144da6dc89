/** Where a downloaded file lies: in Node in a folder, in a page in the browser's cache. */
import { runsInNode } from '@cnnzoo/files';
import type { ExpectedFile } from './file-hash.js';
import { pageCachedFile } from './page-cache.js';
import { cachedFile, type DownloadOptions } from './weights-cache.js';

/**
 * A file that is downloaded where it is not in the cache yet.
 * @param url http or https
 * @param expected what the registry knows of a published file; null for any other address
 * @returns its path in Node, the file itself in a page
 * @throws as `cachedFile`
 */
export async function cachedSource(
  url: string,
  expected: ExpectedFile | null,
  options: DownloadOptions,
): Promise<string | File> {
  return runsInNode() ? cachedFile(url, expected, options) : pageCachedFile(url, expected, options);
}
