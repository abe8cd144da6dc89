import { command, several } from '../command.js';
import { imagesAt } from '../images-at.js';
import { mergedResult } from '../merged-result.js';
import { openClassifier, sourceOptions } from '../open-classifier.js';
import { runPlace, shardOptions, shardResult } from '../shard-options.js';

export const extractCommand = command({
  name: 'extract',
  summary: 'the features of images: what a network makes of them before its last layer',
  details:
    'Writes features.safetensors with the tensor features [images, size] of float32: what the last dense layer is given, 512 numbers for each image with ResNet-18. The paths of the images are in the metadata.',
  examples: ['cnnzoo extract photos --model resnet18.DEFAULT --out features'],
  args: { images: several('files or folders') },
  options: { ...sourceOptions, ...shardOptions('a folder for features.safetensors, or for shards') },
  async run({ args: { images }, options }) {
    const place = await runPlace(options);
    if (place === undefined) throw new TypeError('--out must say the folder for the features');
    const files = images.flatMap(imagesAt);
    const { extractShard } = await import('../../shards/compute-shards.js');
    const classifier = await openClassifier(options);
    try {
      const result = await extractShard(classifier, files, place);
      return place.shard === undefined ? await mergedResult(place.folder) : shardResult(result);
    } finally {
      await classifier.dispose();
    }
  },
});
