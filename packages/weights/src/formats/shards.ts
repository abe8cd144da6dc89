/** Weights in several files, which an index names: what Hugging Face's libraries write when a model is large. */
import { type Budget, isRecord, nodeModule, type OpenSource, parseJson, type Source } from '@cnnzoo/files';
import type { StateDict } from '../state-dict/state-dict.js';

/**
 * Reads the files that an index (`model.safetensors.index.json`) names.
 * @param source what the index was opened from: the files stand beside it, so a path or an address
 * @param read reads one of them
 * @throws TypeError or RangeError for an index in memory, one that names files elsewhere, and where files and index differ
 */
export async function readShards(
  source: Source,
  index: OpenSource,
  budget: Budget,
  read: (shard: string) => Promise<StateDict>,
): Promise<StateDict> {
  budget.memory(index.size, 'the index');
  const json = parseJson(await index.read(0, index.size), 'the index', budget, true);
  const map = isRecord(json) ? json['weight_map'] : undefined;
  if (!isRecord(map) || Object.keys(map).length === 0)
    throw new TypeError('expected weights or an index of them: this is JSON without a weight_map');
  const files = new Map<string, Set<string>>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[\w.-]+$/.test(file) || file.startsWith('.'))
      throw new RangeError(
        `the index places '${name.slice(0, 200)}' in ${JSON.stringify(file)?.slice(0, 200)}, expected a file beside it`,
      );
    files.set(file, (files.get(file) ?? new Set()).add(name));
  }
  budget.entries(files.size);
  const dict: StateDict = new Map();
  for (const [file, names] of files) {
    const shard = await read(beside(source, file));
    for (const name of names)
      if (!shard.has(name))
        throw new RangeError(`'${name.slice(0, 200)}' is not in ${file}, where the index places it`);
    for (const [name, tensor] of shard) {
      if (!names.has(name))
        throw new RangeError(`${file} has '${name.slice(0, 200)}', which the index does not place there`);
      dict.set(name, tensor);
    }
  }
  return dict;
}

function beside(source: Source, file: string): string {
  if (source instanceof URL || (typeof source === 'string' && /^(https?|file):\/\//i.test(source)))
    return new URL(file, source).href;
  if (typeof source !== 'string')
    throw new TypeError('this index names files beside it: give its path or address, or read the files one by one');
  const { dirname, join } = nodeModule('node:path');
  return join(dirname(source), file);
}
