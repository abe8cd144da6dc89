import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { addressOf, type Source } from '@cnnzoo/files';
import { EXPANSION_MAX, expand } from 'brace-expansion';
import { DataError } from '../data-error.js';
import { sortByCodePoints } from '../datasets/code-point-order.js';

/** How the file beside the shards is called that says how many samples they have. */
export const indexName = 'index.json';

const tarEnding = /\.(tar|tar\.gz|tgz)$/i;

/** The shards that are named: each of a list, with braces expanded; or an index. */
export async function shardPlaces(
  shards: Source | readonly Source[],
): Promise<{ readonly index: string | URL } | { readonly sources: readonly Source[] }> {
  if (Array.isArray(shards)) return { sources: shards.flatMap((each: Source) => expanded(each)) };
  const place = shards as Source;
  if (typeof place !== 'string' && !(place instanceof URL)) return { sources: [place] };
  if (/\.json$/i.test(String(place).replace(addressOf(place) === null ? '' : /[?#].*$/s, ''))) return { index: place };
  const sources = expanded(place);
  const [only] = sources;
  if (sources.length > 1 || addressOf(place) !== null || only === undefined) return { sources };
  const path = pathOf(only);
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return { sources };
  const names = await readdir(path);
  if (names.includes(indexName)) return { index: join(path, indexName) };
  const tars = sortByCodePoints(names.filter((name) => tarEnding.test(name) && !name.startsWith('.')));
  if (tars.length === 0) throw new DataError(path, `a folder without ${indexName} and without a .tar`);
  return { sources: tars.map((name) => join(path, name)) };
}

export function hasBraces(place: string): boolean {
  return /\{.*\}/s.test(place);
}

/** `data-{000..099}.tar` names a hundred shards, as Python's braceexpand has it. */
export function expanded<T extends Source>(source: T): readonly (T | string)[] {
  if (typeof source !== 'string' || !hasBraces(source)) return [source];
  const names = expand(source, { max: EXPANSION_MAX + 1 });
  if (names.length > EXPANSION_MAX)
    throw new RangeError(`shards must be at most ${EXPANSION_MAX}, '${source.slice(0, 100)}' names more`);
  return names;
}

/** The path that a file URL means, or the path itself. */
export function pathOf(place: string | URL): string {
  return place instanceof URL || /^file:/i.test(place) ? fileURLToPath(place) : place;
}

/** A shard that is named relative to its index. */
export function placeBeside(index: string | URL, shard: string): string | URL {
  if (/^(https?|file):\/\//i.test(shard)) return shard;
  const address = addressOf(index);
  if (address !== null) return new URL(shard, address).href;
  const base = pathToFileURL(pathOf(index));
  return fileURLToPath(new URL(encodeURI(shard).replaceAll('#', '%23').replaceAll('?', '%3F'), base));
}
