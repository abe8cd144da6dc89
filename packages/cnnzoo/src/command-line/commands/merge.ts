import { command, numeric, required } from '../command.js';
import { mergedResult } from '../merged-result.js';

export const mergeCommand = command({
  name: 'merge',
  summary: 'joins the shards of an evaluation, of predictions or of features',
  details:
    'Joins the shards in a folder exactly, into the report.json, predictions.jsonl or features.safetensors that one process writes. A shard that is missing, there twice or of another run is an error that names it.',
  examples: ['cnnzoo merge results', 'cnnzoo merge results --wait 3600'],
  args: { folder: required('the folder that the shards were written into') },
  options: { wait: numeric('seconds', 'how long to wait for shards that are missing; default: 0') },
  run: ({ args: { folder }, options: { wait } }) => mergedResult(folder, wait === undefined ? {} : { wait }),
});
