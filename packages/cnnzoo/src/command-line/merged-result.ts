import type { MergeShardsOptions } from '../shards/merge-shards.js';
import type { Result } from './command.js';

/** Joins the shards in a folder, and says what became of them. */
export async function mergedResult(folder: string, options: MergeShardsOptions = {}): Promise<Result> {
  const { mergeShards } = await import('../shards/merge-shards.js');
  const { task, shards, file, report } = await mergeShards(folder, options);
  const figures = report === null ? {} : { images: report.count, top1: report.top1, top5: report.top5 };
  const accuracy = report === null ? '' : `: ${report.count} images, ${(100 * report.top1).toFixed(2)} % right`;
  return { text: `${file}${accuracy}`, data: { type: 'result', task, shards, file, ...figures } };
}
