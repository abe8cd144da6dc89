import { readFile } from 'node:fs/promises';
import type { Verification } from '@cnnzoo/evaluate';
import { classifierFacts } from '../../classifier/classifier-facts.js';
import { choice, command, numeric, required, several, text } from '../command.js';
import { onePlace } from '../one-place.js';
import { openClassifier, sourceOptions } from '../open-classifier.js';

/** Lines that people read of many. */
const shownReasons = 5;

export const verifyCommand = command({
  name: 'verify',
  summary: 'finds out whether a report can be true, by recomputing a random sample',
  details:
    'Recomputes as many images, drawn at random, as find a report in which 1 % of the answers were changed with 99 % confidence: 448 of 10,000. Images and network are your own: a report says which they must be by their hashes. Exit code 1: the report is not true, or is of something else.',
  examples: ['cnnzoo verify results/report.json pets-test --model pets-classifier'],
  args: {
    report: required('the report.json of cnnzoo evaluate --out, or of cnnzoo merge'),
    data: several('the images that it is said to be of: a folder, an archive, a list of labels, or shards'),
  },
  options: {
    ...sourceOptions,
    protocol: choice('name', 'what the network saw of each image; default: as the report says', ['center', 'ten-crop']),
    changed: numeric('percent', 'the share of changed answers that is to be found; default: 1', {
      most: 100,
      whole: false,
    }),
    confidence: numeric('percent', 'how surely; default: 99', { most: 99.999, whole: false }),
    seed: text('text', 'repeats a verification; default: fresh randomness'),
  },
  async run({ args: { report: file, data }, options, output }) {
    const { changed, confidence, seed } = options;
    const { reportFromJson, tenCrop, verifyReport } = await import('@cnnzoo/evaluate');
    const report = reportFromJson(await readFile(file, 'utf8'));
    const protocol = options.protocol ?? (report.protocol === tenCrop().name ? 'ten-crop' : 'center');
    const classifier = await openClassifier(options);
    try {
      const { openTestImages } = await import('../../classifier/labelled-images.js');
      const { model, categories } = classifier;
      const dataset = await openTestImages(onePlace(data), categories, classifierFacts(model).channels);
      const verification = await verifyReport(report, model, dataset, {
        ...(protocol === 'ten-crop' && { protocol: tenCrop() }),
        ...(changed !== undefined && { changed: changed / 100 }),
        ...(confidence !== undefined && { confidence: confidence / 100 }),
        ...(seed !== undefined && { seed }),
        onEvent: ({ done, total }) => output.overwrite(`${done} of ${total} images`),
      });
      output.overwrite('');
      return {
        text: sentences(verification).join('\n'),
        data: { type: 'result', ...verification },
        exitCode: verification.verdict === 'consistent' ? 0 : 1,
      };
    } finally {
      await classifier.dispose();
    }
  },
});

function sentences({
  verdict,
  differences,
  contradictions,
  images,
  recomputed,
  changed,
  confidence,
  seed,
}: Verification): string[] {
  const percent = (share: number) => `${Number((100 * share).toPrecision(5))} %`;
  const said = {
    consistent: 'The report can be true.',
    contradicted: 'The report is not true.',
    different: 'The report is of something else than was given.',
  }[verdict];
  const all = [
    ...differences.map(({ what, reason }) => `${what}: ${reason}`),
    ...contradictions.map(({ index, reason }) => (index === null ? reason : `image ${index}: ${reason}`)),
  ];
  return [
    said,
    ...all.slice(0, shownReasons),
    ...(all.length > shownReasons ? [`and ${all.length - shownReasons} more`] : []),
    ...(recomputed === 0
      ? []
      : [
          `${recomputed} of ${images} images were recomputed (--seed ${seed}): a report with ${percent(changed)} of its answers changed is found with ${percent(confidence)}.`,
        ]),
  ];
}
