import { join } from 'node:path';
import { partNames } from '../../classifier/labelled-images.js';
import { command, numeric, required } from '../command.js';
import { fileSize, grouped } from '../numbers.js';

export const packCommand = command({
  name: 'pack',
  summary: 'packs a folder of images into tar shards, for data larger than a disk',
  details:
    'Writes the images of a folder with a folder of images for each class (or a zip or tar of one) in a random order as tar shards, which cnnzoo train and evaluate and the webdataset library of Python read, and an index.json with their counts, classes and hashes. Image files are copied as they are; the same images give the same bytes. Folders train, val and test become a folder of shards each.',
  examples: ['cnnzoo pack pets pets-shards', 'cnnzoo pack imagenet imagenet-shards --max-count 2000'],
  args: { folder: required('a folder or archive of images'), out: required('a new or an empty folder') },
  options: {
    maxCount: numeric('number', 'images in a shard at most; default: 10,000', { least: 1 }),
    maxSize: numeric('bytes', 'bytes after which a shard gets no more images; default: 1,000,000,000', { least: 1 }),
    seed: numeric('number', 'decides the random order; default: 0'),
  },
  async run({ args: { folder, out }, options: { maxCount, maxSize, seed }, output }) {
    const { imageFolder, writeWebDataset } = await import('@cnnzoo/data');
    const whole = await imageFolder(folder);
    const isSplit = whole.categories.includes('train') && whole.categories.every((name) => partNames.includes(name));
    const training = isSplit ? await imageFolder(folder, { root: 'train' }) : whole;
    const parts = isSplit ? whole.categories : [''];
    const written: {
      readonly folder: string;
      readonly nsamples: number;
      readonly bytes: number;
      readonly shards: number;
    }[] = [];
    for (const part of parts) {
      const images =
        part === '' || part === 'train'
          ? training
          : await imageFolder(folder, { root: part, classes: training.categories });
      const place = join(out, part);
      let last = 0;
      const { nsamples, shardlist } = await writeWebDataset(images, place, {
        shuffle: true,
        ...(maxCount !== undefined && { maxCount }),
        ...(maxSize !== undefined && { maxSize }),
        ...(seed !== undefined && { seed }),
        onProgress: (done, total) => {
          if (done - last < 100 && done < total) return;
          last = done;
          output.event({ type: 'progress', folder: place, done, total });
          output.overwrite(`${place}: ${grouped(done)} of ${grouped(total)} images`);
        },
      });
      const bytes = shardlist.reduce((sum, { filesize }) => sum + filesize, 0);
      written.push({ folder: place, nsamples, bytes, shards: shardlist.length });
    }
    output.overwrite('');
    const lines = written.map(
      ({ folder: place, nsamples, bytes, shards }) =>
        `${place}: ${grouped(nsamples)} images of ${grouped(training.categories.length)} classes in ${grouped(shards)} ${shards === 1 ? 'shard' : 'shards'}, ${fileSize(bytes)}`,
    );
    return { text: lines.join('\n'), data: { type: 'result', classes: training.categories, parts: written } };
  },
});
