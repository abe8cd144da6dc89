import { writeFile } from 'node:fs/promises';
import { choice, command, several, text } from '../command.js';
import { checkParent } from '../export/export-model.js';
import { onePlace } from '../one-place.js';
import { openClassifier, sourceOptions } from '../open-classifier.js';
import { progressListener } from '../training/progress.js';

export const evaluateCommand = command({
  name: 'evaluate',
  summary: 'tests a classifier on labelled images: accuracy, classes, confusions, calibration',
  examples: [
    'cnnzoo evaluate pets-test --model pets-classifier --html report.html',
    'cnnzoo evaluate val-{00..15}.tar --model resnet50.IMAGENET1K_V2',
    'cnnzoo evaluate imagenet/val --model resnet50.IMAGENET1K_V2 --protocol ten-crop',
  ],
  args: {
    data: several('a folder with a folder of images for each class, an archive of one, a list of labels, or shards'),
  },
  options: {
    ...sourceOptions,
    protocol: choice('name', 'what the network sees of each image; default: center', ['center', 'ten-crop']),
    html: text('file', 'write the report as a page'),
  },
  async run({ args: { data }, options, output }) {
    const { protocol, html } = options;
    // Before the work, not after it.
    if (html !== undefined) await checkParent(html);
    const { reportToHtml, reportToJson, reportToMarkdown, tenCrop } = await import('@cnnzoo/evaluate');
    const classifier = await openClassifier(options);
    try {
      const report = await classifier.evaluate(onePlace(data), {
        onEvent: await progressListener(output),
        ...(protocol === 'ten-crop' && { protocol: tenCrop() }),
      });
      if (html !== undefined) await writeFile(html, await reportToHtml(report));
      const found: unknown = JSON.parse(reportToJson(report));
      return {
        text: [reportToMarkdown(report).trimEnd(), ...(html === undefined ? [] : [html])].join('\n'),
        data: { type: 'result', ...(html !== undefined && { html }), report: found },
      };
    } finally {
      await classifier.dispose();
    }
  },
});
