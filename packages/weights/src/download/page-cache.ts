/// <reference lib="dom" />
/** Downloads of a page: the browser's Cache Storage keeps each file, and what comes out of it is checked as what comes from a server. */
import { hasher, openSource } from '@cnnzoo/files';
import { type ExpectedFile, hashSource } from './file-hash.js';
import { PermanentHttpError } from './http-download.js';
import { type CachedDownload, type DownloadOptions, largestOf, mirrored, withRetries } from './weights-cache.js';

/** Of the origin's caches, the one that is ours. */
const cacheName = 'cnnzoo-weights';
/** Where the SHA-256 of the first download is noted: what a file without a published hash is compared with. */
const noteName = 'x-cnnzoo-sha256';

/**
 * A file of weights, from the page's cache or downloaded into it.
 * @returns a file that the browser holds, in memory or on its disk; its name is the address
 * @throws Error naming the address, as `cachedFile`
 */
export async function pageCachedFile(
  url: string,
  expected: ExpectedFile | null,
  options: DownloadOptions,
): Promise<File> {
  const cache = await openCache(options);
  const kept = await cache?.match(url);
  if (kept !== undefined) {
    const file = new File([await kept.blob()], url);
    if (await isIntact(file, kept.headers.get(noteName), expected)) return file;
  }
  if (options.offline === true)
    throw new Error(
      `${url} is not in the page's cache${kept === undefined ? '' : ' (what is there has another hash)'}, and downloads are off (offline)`,
    );
  const { content, sha256 } = await withRetries(options, () => download(url, expected, options));
  // The browser may refuse more than its quota for the origin: then the file is downloaded again next time.
  await cache?.put(url, new Response(content, { headers: { [noteName]: sha256 } })).catch(() => undefined);
  return new File([content], url);
}

/** What the page's cache holds: see `cachedDownloads`. */
export async function pageDownloads(
  options: DownloadOptions,
  published: readonly (ExpectedFile & { readonly url: string })[],
): Promise<CachedDownload[]> {
  const cache = await openCache(options);
  const found: CachedDownload[] = [];
  for (const { url } of (await cache?.keys()) ?? []) {
    const kept = await cache?.match(url);
    if (kept === undefined) continue;
    const file = new File([await kept.blob()], url);
    const expected = published.find((each) => each.url === url) ?? null;
    found.push({
      file: url,
      bytes: file.size,
      url,
      published: expected !== null,
      isIntact: () => isIntact(file, kept.headers.get(noteName), expected),
      remove: async () => void (await cache?.delete(url)),
    });
  }
  return found;
}

/** The cache, or null on a page that has none: only those from https or from this machine do. */
async function openCache({ cacheFolder }: DownloadOptions): Promise<Cache | null> {
  if (cacheFolder !== undefined)
    throw new TypeError('cacheFolder needs Node: a page keeps downloads in the Cache Storage of its origin');
  return typeof caches === 'undefined' ? null : caches.open(cacheName);
}

async function isIntact(file: File, noted: string | null, expected: ExpectedFile | null): Promise<boolean> {
  const { algorithm, prefix } = expected?.hash ?? { algorithm: 'sha256', prefix: noted ?? '' };
  if (prefix === '') return false;
  return (await hashSource(await openSource(file), algorithm)).startsWith(prefix);
}

async function download(
  url: string,
  expected: ExpectedFile | null,
  options: DownloadOptions,
): Promise<{ content: Blob; sha256: string }> {
  const { stallTimeout = 30, onProgress } = options;
  const source = mirrored(url, options);
  const controller = new AbortController();
  const stop = () => controller.abort(new Error(`${source}: no bytes in ${stallTimeout} s`));
  let timer = setTimeout(stop, stallTimeout * 1000);
  try {
    const response = await fetch(source, { signal: controller.signal, cache: 'no-store' }).catch((cause: Error) => {
      if (controller.signal.aborted) throw cause;
      // The browser does not tell a page which of them it is.
      throw new PermanentHttpError(
        `${source}: no answer that this page may read (${cause.message}): there is no connection, or the server does not allow pages of other origins (CORS). Choose a set on another server, such as timm's 'tv_in1k', or serve the file yourself and say where with mirror`,
        { cause },
      );
    });
    if (!response.ok || response.body === null) {
      const { status, statusText } = response;
      const message = `${source}: the server answered ${status} ${statusText}`;
      throw status >= 500 || status === 408 || status === 429 ? new Error(message) : new PermanentHttpError(message);
    }
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isSafeInteger(length) ? length : null;
    const largest = largestOf(expected);
    const sha256 = await hasher('sha256');
    const md5 = expected?.hash?.algorithm === 'md5' ? await hasher('md5') : null;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let received = 0;
    const report = () =>
      // What is compressed on the way is longer than the server said.
      onProgress?.({ url: source, received, total: total !== null && received <= total ? total : null });
    report();
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(stop, stallTimeout * 1000);
      received += next.value.length;
      if (received > largest)
        throw new PermanentHttpError(`${source}: it has ${received} bytes or more, expected at most ${largest}`);
      sha256.update(next.value);
      md5?.update(next.value);
      parts.push(next.value);
      report();
    }
    if (total !== null && received < total)
      throw new Error(`${source}: the connection ended after ${received} of ${total} bytes`);
    const digest = sha256.digest();
    const found = md5?.digest() ?? digest;
    const promised = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(response.headers.get('etag') ?? '')?.[1];
    const wanted = expected?.hash?.prefix ?? promised ?? '';
    if (!found.startsWith(wanted))
      throw new PermanentHttpError(
        `${source}: the hash is ${found}, expected ${wanted}${expected?.hash ? '' : ' as the server says'}`,
      );
    return { content: new Blob(parts), sha256: digest };
  } finally {
    clearTimeout(timer);
    // Ends a download that was given up.
    controller.abort();
  }
}
