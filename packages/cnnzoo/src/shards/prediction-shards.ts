import { check, integer, listOf, oneOf, type Rule, record, rule, shardRule, text } from '@cnnzoo/checks';
import type { Prediction, Shard } from '@cnnzoo/evaluate';
import { type Run, runRule } from './run.js';
import type { ShardFormat } from './shard-file.js';

/** A line of predictions.jsonl. */
export interface ImagePredictions {
  /** In the list of images. */
  readonly index: number;
  /** Its path or address. */
  readonly image: string;
  /** The classes with the largest probabilities, the largest first. */
  readonly predictions: readonly Prediction[];
}

const formatName = 'cnnzoo-predictions-1';

interface Head {
  readonly format: typeof formatName;
  readonly shard: Shard;
  readonly run: Run;
}

const headRule: Rule<Head> = record<Head>({ format: oneOf([formatName]), shard: shardRule, run: runRule });
const probability: Rule<number> = rule<number>(
  'a number, or null',
  (value) => typeof value === 'number' || value === null,
);
const lineRule: Rule<ImagePredictions> = record<ImagePredictions>({
  index: integer(0),
  image: text,
  predictions: listOf(record<Prediction>({ index: integer(0), category: text, probability })),
});

/** Lines of JSON, after one that says what they are of. */
export const predictionShards: ShardFormat<readonly ImagePredictions[]> = {
  extension: 'jsonl',
  merged: 'predictions.jsonl',
  encode: (lines, shard, run) => linesOf([{ format: formatName, shard, run } satisfies Head, ...lines]),
  async decode(bytes) {
    const [head, ...lines] = new TextDecoder()
      .decode(bytes)
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
    const { shard, run } = check('its first line', head, headRule);
    return { content: check('lines', lines, listOf(lineRule)), shard, run };
  },
  merge: (shards) => linesOf(inOrder(shards.flat())),
};

const linesOf = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Results of all images, as the list of images has them. @throws RangeError naming the image that is missing or there twice */
export function inOrder<Line extends { readonly index: number }>(lines: readonly Line[]): Line[] {
  const sorted = lines.toSorted((a, b) => a.index - b.index);
  const wrong = sorted.findIndex(({ index }, i) => index !== i);
  if (wrong >= 0)
    throw new RangeError(
      sorted[wrong]?.index === wrong - 1 ? `image ${wrong - 1} is there twice` : `image ${wrong} is missing`,
    );
  return sorted;
}
