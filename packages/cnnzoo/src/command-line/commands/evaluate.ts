import { writeFile } from 'node:fs/promises';
import type { EvaluationReport } from '@cnnzoo/evaluate';
import type { ImageClassifier } from '../../classifier/classifier.js';
import type { LabelledImages } from '../../classifier/labelled-images.js';
import { choice, command, several, text } from '../command.js';
import { checkParent } from '../export/export-model.js';
import { onePlace } from '../one-place.js';
import { openClassifier, sourceOptions } from '../open-classifier.js';
import { runPlace, shardOptions, shardResult } from '../shard-options.js';
import { progressListener } from '../training/progress.js';

export const evaluateCommand = command({
  name: 'evaluate',
  summary: 'tests a classifier on labelled images: accuracy, classes, confusions, calibration',
  examples: [
    'cnnzoo evaluate pets-test --model pets-classifier --html report.html',
    'cnnzoo evaluate val-{00..15}.tar --model resnet50.IMAGENET1K_V2',
    'cnnzoo evaluate imagenet/val --model resnet50.IMAGENET1K_V2 --protocol ten-crop',
    'cnnzoo evaluate imagenet/val --model resnet50.DEFAULT --out results --shard 3/8',
  ],
  args: {
    data: several('a folder with a folder of images for each class, an archive of one, a list of labels, or shards'),
  },
  options: {
    ...sourceOptions,
    protocol: choice('name', 'what the network sees of each image; default: center', ['center', 'ten-crop']),
    html: text('file', 'write the report as a page'),
    ...shardOptions("a folder for report.json, with each image's answer for cnnzoo verify, or for shards"),
  },
  async run({ args: { data }, options, output }) {
    const { html } = options;
    const place = await runPlace(options);
    if (html !== undefined && place?.shard !== undefined)
      throw new TypeError('--html is for the whole report: merge the shards first, and evaluate without --shard');
    // Before the work, not after it.
    if (html !== undefined) await checkParent(html);
    const { reportToHtml, reportToMarkdown, tenCrop } = await import('@cnnzoo/evaluate');
    const images = onePlace(data);
    const classifier = await openClassifier(options);
    try {
      const how = {
        onEvent: await progressListener(output),
        ...(options.protocol === 'ten-crop' && { protocol: tenCrop() }),
      };
      if (place?.shard !== undefined) {
        const { evaluateShard } = await import('../../shards/compute-shards.js');
        return shardResult(await evaluateShard(classifier, images, { ...how, ...place }));
      }
      const { report, file } = await evaluated(classifier, images, how, place?.folder);
      if (html !== undefined) await writeFile(html, await reportToHtml(report));
      const files = [html, file].filter((each) => each !== undefined);
      return {
        text: [reportToMarkdown(report).trimEnd(), ...files].join('\n'),
        data: {
          type: 'result',
          ...(html !== undefined && { html }),
          ...(file !== undefined && { file }),
          report: await jsonOf(report),
        },
      };
    } finally {
      await classifier.dispose();
    }
  },
});

async function evaluated(
  classifier: ImageClassifier,
  images: LabelledImages,
  options: NonNullable<Parameters<ImageClassifier['evaluate']>[1]>,
  folder: string | undefined,
): Promise<{ report: EvaluationReport; file?: string }> {
  if (folder === undefined) return { report: await classifier.evaluate(images, options) };
  const [{ evaluateShard }, { mergeShards }] = await Promise.all([
    import('../../shards/compute-shards.js'),
    import('../../shards/merge-shards.js'),
  ]);
  await evaluateShard(classifier, images, { ...options, folder });
  const { file, report } = await mergeShards(folder);
  if (report === null) throw new Error('unreachable: the folder is that of an evaluation');
  return { report, file };
}

async function jsonOf(report: EvaluationReport): Promise<unknown> {
  const { reportToJson } = await import('@cnnzoo/evaluate');
  // Thousands of lines that stand in the file.
  return JSON.parse(reportToJson({ ...report, answers: null }));
}
