/** One download over HTTP, from redirects and proxies to the resumption of what is there already. */

import type { FileHandle } from 'node:fs/promises';
import { nodeModule, writeAtomically } from '@cnnzoo/files';
import { hubAuthorization } from '../hub/hub-address.js';
import { readClosingWithoutPause } from './unpaused-connections.js';

/** What a server said of a file. */
export interface Downloaded {
  /** Its SHA-256 where an ETag on the way was one, as on Hugging Face's hub. */
  readonly sha256: string | null;
}

export interface HttpDownloadOptions {
  /** Called with the bytes received so far and the whole, which is null where the server does not say. */
  readonly onProgress: (received: number, total: number | null) => void;
  /** Seconds without a byte after which the connection counts as dead. */
  readonly stallTimeout: number;
  /** Bytes that the file may have; more are not written. */
  readonly largest: number;
}

/** An answer that another attempt will not change, such as 404. */
export class PermanentHttpError extends Error {}

const largestRedirects = 10;

/**
 * Downloads `url` to the end of `file`, which may hold the beginning from an earlier attempt; `file`.etag names the version.
 * @throws PermanentHttpError for an answer that is final, Error for everything that another attempt may mend
 */
export async function httpDownload(url: string, file: string, options: HttpDownloadOptions): Promise<Downloaded> {
  const fs = nodeModule('node:fs/promises');
  const tagFile = `${file}.etag`;
  const tag = await fs.readFile(tagFile, 'utf8').catch(() => '');
  let have =
    tag === ''
      ? 0
      : await fs.lstat(file).then(
          (stat) => (stat.isFile() ? stat.size : 0),
          () => 0,
        );
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'cnnzoo' };
  if (have > 0) Object.assign(headers, { range: `bytes=${have}-`, 'if-range': tag });

  const { response, sha256 } = await follow(url, headers, options.stallTimeout);
  const { status } = response;
  if (status === 416) {
    // What is there is no beginning of what the server has.
    await response.body?.cancel();
    await fs.rm(tagFile, { force: true });
    throw new Error(`${url}: the server cannot continue after ${have} bytes`);
  }
  if (status !== 200 && status !== 206) {
    await response.body?.cancel();
    throw statusError(url, response);
  }
  if (status === 206 && !response.headers.get('content-range')?.startsWith(`bytes ${have}-`)) {
    await response.body?.cancel();
    await fs.rm(tagFile, { force: true });
    throw new Error(`${url}: the server sent another range than bytes ${have}-`);
  }
  if (status === 200) have = 0;
  // A server may compress although it was asked not to: what arrives here is unpacked, and the length is of what was sent.
  const encoding = response.headers.get('content-encoding') ?? '';
  const compressed = encoding !== '' && encoding !== 'identity';
  if (compressed && status === 206) {
    await response.body?.cancel();
    await fs.rm(tagFile, { force: true });
    throw new Error(`${url}: the server sent a compressed range`);
  }
  const length = response.headers.get('content-length');
  const stated = length === null || compressed ? null : have + Number(length);
  const total = stated !== null && Number.isSafeInteger(stated) ? stated : null;
  const tooLarge = (bytes: string) =>
    new PermanentHttpError(`${url}: it has ${bytes} bytes, expected at most ${options.largest}`);
  if (total !== null && total > options.largest) {
    await response.body?.cancel();
    throw tooLarge(String(total));
  }

  // A weak tag does not promise the same bytes, and what is compressed on the way is not continued.
  const etag = response.headers.get('etag');
  if (etag !== null && !etag.startsWith('W/') && !compressed) await writeAtomically(tagFile, etag);
  else await fs.rm(tagFile, { force: true });

  let received = have;
  const handle = await openPart(file, have > 0);
  try {
    options.onProgress(received, total);
    for await (const part of withStallTimeout(response, options.stallTimeout, url)) {
      received += part.length;
      if (received > (total ?? options.largest)) {
        await handle.truncate(0);
        throw tooLarge(`${received} or more`);
      }
      await handle.writeFile(part);
      options.onProgress(received, total);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (total !== null && received !== total)
    throw new Error(`${url}: the connection ended after ${received} of ${total} bytes`);
  await fs.rm(tagFile, { force: true });
  return { sha256 };
}

/** What a server answers in JSON. @throws PermanentHttpError for an answer that is final, Error for what another attempt may mend */
export async function httpJson(url: string, stallTimeout: number): Promise<unknown> {
  const { response } = await follow(url, { accept: 'application/json', 'user-agent': 'cnnzoo' }, stallTimeout);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw statusError(url, response);
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PermanentHttpError(`${url}: the answer is no JSON`, { cause });
  }
}

function statusError(url: string, { status, statusText }: Response): Error {
  const message = `${url}: the server answered ${status} ${statusText}`;
  return status >= 500 || status === 408 || status === 429 ? new Error(message) : new PermanentHttpError(message);
}

/**
 * Opens the file of an unfinished download, which never is a link: whoever may write to a shared folder could let it name any file of
 * the user's.
 */
async function openPart(file: string, resume: boolean): Promise<FileHandle> {
  const fs = nodeModule('node:fs/promises');
  const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = nodeModule('node:fs').constants;
  if (resume) return fs.open(file, O_WRONLY | O_APPEND | O_NOFOLLOW);
  await fs.rm(file, { force: true });
  return fs.open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
}

/** Follows redirects by hand: the hub says the hash in the answer before the last. */
async function follow(url: string, headers: Record<string, string>, stallTimeout: number) {
  let sha256: string | null = null;
  let target = url;
  for (let i = 0; i <= largestRedirects; i++) {
    const response = await request(target, headers, stallTimeout);
    for (const name of ['x-linked-etag', 'etag']) {
      const hash = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(response.headers.get(name) ?? '')?.[1];
      sha256 ??= hash ?? null;
    }
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return { response, sha256 };
    await response.body?.cancel();
    if (!URL.canParse(location, target))
      throw new PermanentHttpError(`${target}: redirects to '${location.slice(0, 200)}', which is no address`);
    const next = new URL(location, target);
    if (next.protocol !== 'https:' && !(next.protocol === 'http:' && target.startsWith('http:')))
      throw new PermanentHttpError(`${target}: redirects to ${next.protocol}, expected https`);
    target = next.href;
  }
  throw new PermanentHttpError(`${url}: redirects more than ${largestRedirects} times`);
}

async function request(url: string, headers: Record<string, string>, stallTimeout: number): Promise<Response> {
  // Named through a variable, so that bundlers for browsers do not follow it.
  const name = 'undici';
  const undici: typeof import('undici') = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  const proxy = proxyFor(new URL(url));
  const agent = proxy === null ? undici.getGlobalDispatcher() : new undici.ProxyAgent(proxy);
  const controller = new AbortController();
  const stop = () => controller.abort(new Error(`no answer in ${stallTimeout} s`));
  const timer = setTimeout(stop, stallTimeout * 1000);
  try {
    const response = await undici.fetch(url, {
      headers: { ...headers, ...hubAuthorization(url) },
      redirect: 'manual',
      signal: controller.signal,
      dispatcher: agent.compose(readClosingWithoutPause),
    });
    return response as unknown as Response;
  } catch (error) {
    const { cause, message } = error as Error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** The proxy that the environment names for an address, by curl's rules; null for none. */
export function proxyFor({ protocol, hostname }: URL): string | null {
  const variable = (name: string) => process.env[name.toLowerCase()] ?? process.env[name];
  const proxy = variable(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') ?? variable('ALL_PROXY');
  if (proxy === undefined || proxy === '') return null;
  const exceptions = (variable('NO_PROXY') ?? '').split(',').map((name) => name.trim().replace(/^\*?\./, ''));
  const excepted = exceptions.some(
    (name) => name === '*' || (name !== '' && (hostname === name || hostname.endsWith(`.${name}`))),
  );
  return excepted ? null : proxy;
}

async function* withStallTimeout(response: Response, seconds: number, url: string): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const stalled = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${url}: no bytes in ${seconds} s`)), seconds * 1000);
      });
      try {
        const { done, value } = await Promise.race([reader.read(), stalled]).catch((error: Error) => {
          throw error.message.startsWith(url) ? error : new Error(`${url}: ${error.message}`, { cause: error });
        });
        if (done) return;
        yield value;
      } finally {
        clearTimeout(timer);
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
