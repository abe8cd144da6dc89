import { type EvaluationReport, merge, reportFromJson, reportToJson } from '@cnnzoo/evaluate';
import { runOf } from './run.js';
import type { ShardFormat } from './shard-file.js';

/** Reports of parts of a data set, with their answers: any of them can be read by itself. */
export const reportShards: ShardFormat<EvaluationReport> = {
  extension: 'json',
  merged: 'report.json',
  encode: (report) => reportToJson(report),
  async decode(bytes) {
    const report = reportFromJson(new TextDecoder().decode(bytes));
    const [shard, ...others] = report.part.shards;
    if (shard === undefined || others.length > 0) throw new RangeError('it is a report of several shards');
    return { content: report, shard, run: runOf('evaluate', shard[1], report) };
  },
  merge: (reports) => reportToJson(merge(reports)),
};
