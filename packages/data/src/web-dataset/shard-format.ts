import { readdir, stat } from 'node:fs/promises';
import { check, rule } from '@cnnzoo/checks';
import { addressOf, isRecord, openSource, parseJson, readBudget } from '@cnnzoo/files';
import { labelPlaces, rawLabel } from './labels.js';
import { indexKind } from './shard-index.js';
import { hasBraces, indexName, pathOf, placeBeside } from './shard-places.js';
import { tarLabels } from './tar-shard.js';

const placeRule = rule<string | URL>(
  'a path, or a file or https URL',
  (value) => (typeof value === 'string' && value !== '') || value instanceof URL,
);

/**
 * Which kind of shards a place holds, by its name and, of a `.tar`, a `.json` or a folder, by what is in it.
 * @param place the path or address of a file or folder, or one with braces
 * @returns 'webdataset' for what `webDataset` opens, 'parquet' for what `parquetDataset` opens, null for anything else, such as a folder of images
 * @throws TypeError where the place is none
 * @example
 * import { imageFolder, shardFormat, webDataset } from '@cnnzoo/data';
 * const place = 'flowers.tar';
 * const dataset = (await shardFormat(place)) === 'webdataset' ? await webDataset(place) : await imageFolder(place);
 */
export async function shardFormat(place: string | URL): Promise<'webdataset' | 'parquet' | null> {
  check('place', place, placeRule);
  const isAddress = addressOf(place) !== null;
  const name = isAddress ? String(place).replace(/[?#].*$/s, '') : String(place);
  if (hasBraces(name)) return name.includes('.parquet') ? 'parquet' : 'webdataset';
  if (/\.parquet$/i.test(name)) return 'parquet';
  if (/\.(tar\.gz|tgz)$/i.test(name)) return 'webdataset';
  if (/\.tar$/i.test(name)) return (await isShard(place)) ? 'webdataset' : null;
  if (/\.json$/i.test(name)) return (await isIndex(place)) ? 'webdataset' : null;
  if (isAddress) return null;
  const path = pathOf(place);
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return null;
  const names = await readdir(path);
  if (names.includes(indexName))
    return (await isIndex(placeBeside(`${path}/${indexName}`, indexName))) ? 'webdataset' : null;
  if (names.some((each) => /\.parquet$/i.test(each))) return 'parquet';
  return names.some((each) => /\.(tar|tar\.gz|tgz)$/i.test(each)) ? 'webdataset' : null;
}

/** Whether the first sample of a .tar has a label beside it; a class of a folder of images has none. */
async function isShard(place: string | URL): Promise<boolean> {
  const label = labelPlaces(undefined);
  const rules = { image: undefined, label, decoding: { channels: 3 as const }, limits: undefined };
  try {
    for await (const sample of tarLabels(place, rules)) {
      rawLabel(sample, label);
      return true;
    }
  } catch {
    // Whoever opens it next says what is wrong with it.
  }
  return false;
}

async function isIndex(place: string | URL): Promise<boolean> {
  try {
    const { name, size, read } = await openSource(place);
    const json = parseJson(await read(0, size), 'the file', readBudget(name, size));
    return isRecord(json) && json['__kind__'] === indexKind;
  } catch {
    return false;
  }
}
