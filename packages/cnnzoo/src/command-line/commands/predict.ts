import { command, numeric, several } from '../command.js';
import { imagesAt } from '../images-at.js';
import { mergedResult } from '../merged-result.js';
import { openClassifier, sourceOptions } from '../open-classifier.js';
import { runPlace, shardOptions, shardResult } from '../shard-options.js';

/** Images that are classified before the first of them is printed: enough to fill the batches of a thread. */
const chunk = 64;

export const predictCommand = command({
  name: 'predict',
  summary: 'what is in images',
  details: 'Classifies images: files (JPEG, PNG, WebP, GIF, BMP and others), addresses, or all images in a folder.',
  examples: [
    'cnnzoo predict cat.jpg dog.jpg --model pets-classifier',
    'cnnzoo predict photos --top-k 1 --json',
    'cnnzoo predict photos --out predictions',
  ],
  args: { images: several('files, addresses or folders') },
  options: {
    ...sourceOptions,
    topK: numeric('number', 'classes for each image; default: 5, or all where there are fewer', { least: 1 }),
    worker: numeric('number', 'threads that decode and predict; default: 1', { least: 0 }),
    ...shardOptions('a folder for predictions.jsonl, or for shards'),
  },
  async run({ args: { images }, options, output }) {
    const files = images.flatMap(imagesAt);
    const place = await runPlace(options);
    const how = {
      ...(options.topK !== undefined && { topK: options.topK }),
      ...(options.worker !== undefined && { worker: options.worker }),
    };
    const classifier = await openClassifier(options);
    try {
      if (place !== undefined) {
        const { predictShard } = await import('../../shards/compute-shards.js');
        const result = await predictShard(classifier, files, { ...how, ...place });
        return place.shard === undefined ? await mergedResult(place.folder) : shardResult(result);
      }
      const width = Math.min(60, Math.max(...files.map((file) => file.length)));
      for (let first = 0; first < files.length; first += chunk) {
        const some = files.slice(first, first + chunk);
        const answers = await classifier.classify(some, how);
        for (const [i, image] of some.entries()) {
          const predictions = answers[i] ?? [];
          output.event({ image, predictions });
          const classes = predictions.map(
            ({ category, probability }) => `${category} ${(100 * probability).toFixed(1)} %`,
          );
          if (!output.json) output.print(`${image.padEnd(width)}  ${classes.join(', ')}`);
        }
      }
    } finally {
      await classifier.dispose();
    }
    return { text: '', data: undefined };
  },
});
