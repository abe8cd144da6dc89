import { check, integer, listOf, oneOf, type Rule, record, shardRule, text } from '@cnnzoo/checks';
import type { Features, Shard } from '@cnnzoo/evaluate';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '@cnnzoo/weights';
import { inOrder } from './prediction-shards.js';
import { type Run, runRule } from './run.js';
import type { ShardFormat } from './shard-file.js';

/** Features, and which images they are of. */
export interface ImageFeatures extends Features {
  readonly images: readonly { readonly index: number; readonly image: string }[];
}

const formatName = 'cnnzoo-features-1';

interface Head {
  readonly format: typeof formatName;
  readonly shard: Shard;
  readonly run: Run;
  readonly images: ImageFeatures['images'];
}

const headRule: Rule<Head> = record<Head>({
  format: oneOf([formatName]),
  shard: shardRule,
  run: runRule,
  images: listOf(record<ImageFeatures['images'][number]>({ index: integer(0), image: text })),
});

/**
 * safetensors files with the tensor `features` [images, size]. The metadata say which images: in a shard with what it is of, in the merged file as `images`, a JSON
 * array of paths.
 */
export const featureShards: ShardFormat<ImageFeatures> = {
  extension: 'safetensors',
  merged: 'features.safetensors',
  encode: ({ images, ...features }, shard, run) =>
    fileOf(features, { cnnzoo: JSON.stringify({ format: formatName, shard, run, images } satisfies Head) }),
  async decode(bytes) {
    const metadata = await readSafetensorsMetadata(bytes);
    const head: unknown = JSON.parse(metadata['cnnzoo'] ?? 'null');
    const { shard, run, images } = check('its metadata', head, headRule);
    const features = (await readSafetensors(bytes)).get('features');
    const [count = -1, size = 0] = features?.shape ?? [];
    if (!(features?.data instanceof Float32Array) || count !== images.length)
      throw new RangeError(`it has no tensor features [${images.length}, size] of float32`);
    return { content: { values: features.data, shape: [count, size], images }, shard, run };
  },
  merge(shards, run) {
    const rows = inOrder(
      shards.flatMap(({ values, shape: [, size], images }) =>
        images.map(({ index, image }, row) => ({
          index,
          image,
          values: values.subarray(row * size, (row + 1) * size),
        })),
      ),
    );
    const size = shards[0]?.shape[1] ?? 0;
    const values = new Float32Array(rows.length * size);
    for (const { index, values: row } of rows) values.set(row, index * size);
    return fileOf(
      { values, shape: [rows.length, size] },
      { images: JSON.stringify(rows.map(({ image }) => image)), of: JSON.stringify(run.of) },
    );
  },
};

function fileOf({ values, shape }: Features, metadata: Readonly<Record<string, string>>): Uint8Array {
  return writeSafetensors(
    new Map([['features', { shape: [...shape], dtype: 'F32' as const, data: values }]]),
    metadata,
  );
}
