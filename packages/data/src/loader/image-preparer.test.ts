import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { compose, evaluationTransform, type Image, toTensor } from '@cnnzoo/transforms';
import { afterAll, describe, expect, test } from 'vitest';
import { readImage } from '../images/decode-image.js';
import { imagePreparer } from './image-preparer.js';

const file = new URL('../fixtures/pillow/', import.meta.url);
const path = new URL('RGB.png', file);
const transform = evaluationTransform('cifar');

describe.each([0, 2])('%i workers', (workers) => {
  const preparer = imagePreparer({ transform, workers });
  afterAll(() => preparer.close());

  test('an image from anywhere is prepared as the transform does', async () => {
    const bytes = await readFile(path);
    const pixels = await readImage(bytes);
    const sources = [
      path,
      path.href,
      bytes,
      new Blob([bytes]),
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      pixels,
    ];
    const { data, count, ...size } = await preparer.prepare(sources);
    const expected = transform(pixels);
    expect({ count, ...size }).toEqual({ count: 6, height: 32, width: 32, channels: 3 });
    for (let i = 0; i < count; i++)
      expect(data.subarray(i * expected.data.length, (i + 1) * expected.data.length)).toEqual(expected.data);
    expect(pixels).toEqual(await readImage(bytes));
  });

  test('many calls at a time are answered each with its own', async () => {
    const images = Array.from(
      { length: 20 },
      (_, i): Image => ({ data: new Uint8Array(3 * 32 * 32).fill(i), width: 32, height: 32, channels: 3 }),
    );
    const answers = await Promise.all(images.map((image) => preparer.prepare([image])));
    for (const [i, image] of images.entries()) expect(answers[i]?.data).toEqual(transform(image).data);
  });

  test('what cannot be read, decoded or prepared is named', async () => {
    await expect(preparer.prepare(['nowhere.png'])).rejects.toThrow(/nowhere\.png/);
    await expect(preparer.prepare([new Uint8Array(9)])).rejects.toThrow(/images\[0\]: not a JPEG/);
    await expect(preparer.prepare([{ data: new Uint8Array(4), width: 2, height: 2, channels: 1 }])).rejects.toThrow(
      /images\[0\]: its transform failed/,
    );
    await expect(preparer.prepare([])).rejects.toThrow(/at least one/);
    await expect(preparer.prepare([path], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  });
});

test('options are checked', () => {
  expect(() => imagePreparer({ transform, worker: 1 } as never)).toThrow(/has no option 'worker'.*workers/);
  expect(() => imagePreparer({ transform: compose([toTensor(), (image: Image) => image]) as never })).toThrow(
    /function of your own/,
  );
  expect(() => imagePreparer({ transform: pathToFileURL('/x.mjs'), workers: 0 })).toThrow(/only worker threads import/);
});
