import { pipeline, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { addressOf, type OpenSource, openSource, type ReadLimits, remoteFile, type Source } from '@cnnzoo/files';
import { type ByteReader, sourceReader, streamReader } from '../archives/byte-reader.js';

/** A shard that is read from its start. */
export interface OpenTar {
  readonly reader: ByteReader;
  /** The shard's path where it is a file of this machine that is not packed: any part of it can be read later. */
  readonly path?: string;
  close(): Promise<void>;
}

/** Bytes of a packed file that are read at a time. */
const chunkSize = 2 ** 18;

/** How other compressed files begin. */
const otherCompressions: readonly (readonly [name: string, start: string])[] = [
  ['bzip2', 'BZh'],
  ['xz', '\xfd7zXZ'],
  ['Zstandard', '\x28\xb5\x2f\xfd'],
];

/** Opens a shard: a .tar, packed by gzip or not, from anywhere. Of an address nothing is kept that was read. */
export async function openTar(
  source: Source,
  limits: ReadLimits | undefined,
  signal: AbortSignal | undefined,
): Promise<OpenTar> {
  const address = typeof source === 'string' || source instanceof URL ? addressOf(source) : null;
  if (address !== null) {
    const { stall } = limits ?? {};
    const file = remoteFile(address, { ...(stall !== undefined && { stall }), ...(signal && { signal }) });
    return openStream(file.name, file.stream());
  }
  const opened = await openSource(source);
  const head = await opened.read(0, Math.min(opened.size, 6));
  if (isGzip(head) || otherCompression(head) !== undefined) return openStream(opened.name, chunks(opened, signal));
  const isPath = typeof source === 'string' || source instanceof URL;
  const path = !isPath ? undefined : /^file:/i.test(String(source)) ? fileURLToPath(source) : String(source);
  return { reader: sourceReader(opened), ...(path !== undefined && { path }), close: async () => {} };
}

async function openStream(name: string, stream: AsyncGenerator<Uint8Array>): Promise<OpenTar> {
  const first = await stream.next();
  const head: Uint8Array = first.done ? new Uint8Array(0) : first.value;
  const other = otherCompression(head);
  if (other !== undefined) {
    await stream.return(undefined);
    throw new Error(`it is packed by ${other}, which is not read: pack it by gzip, or not at all`);
  }
  const bytes = isGzip(head) ? gunzip(after(head, stream)) : after(head, stream);
  return {
    reader: streamReader(name, undefined, bytes),
    close: async () => {
      // A generator that waits for bytes would not end before they come.
      void bytes.return(undefined).catch(() => {});
    },
  };
}

async function* after(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (head.length > 0) yield head;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

async function* chunks(
  { size, read }: OpenSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < size; at += chunkSize) {
    signal?.throwIfAborted();
    yield await read(at, Math.min(chunkSize, size - at));
  }
}

async function* gunzip(packed: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const unpacker = createGunzip();
  // What goes wrong on the way ends the unpacker with that error, which is then thrown below.
  pipeline(Readable.from(packed, { objectMode: false }), unpacker, () => {});
  for await (const part of unpacker as AsyncIterable<Uint8Array>) yield part;
}

function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

function otherCompression(head: Uint8Array): string | undefined {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 6)).toString('latin1');
  return otherCompressions.find(([, magic]) => start.startsWith(magic))?.[0];
}
