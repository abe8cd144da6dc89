import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compose, evaluationTransform, type Image, toTensor } from '@cnnzoo/transforms';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../fixtures/temporary-folder.js';
import { readImage } from '../images/decode-image.js';
import { imagePreparer } from './image-preparer.js';

const temporary = temporaryFolder();
const file = new URL('../fixtures/pillow/', import.meta.url);
const path = new URL('RGB.png', file);
const transform = evaluationTransform('cifar');

describe.each([
  [0, false],
  [2, false],
  [1, true],
])('%i workers, processes: %s', (workers, processes) => {
  const preparer = imagePreparer({ transform, workers, processes });
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

test('a process that ends while it prepares an image, or takes too long for it, costs that image only', async () => {
  const log = join(temporary, 'deaths');
  const image = (value: number): Image => ({ data: Uint8Array.of(value), width: 1, height: 1, channels: 1 });
  for (const [how, message] of [
    ['kill', /ended 3 times .* signal SIGKILL/],
    ['hang', /images\[0\]: it took longer than 0\.3 s/],
  ] as const) {
    const ending = new URL(`../fixtures/dying-transform.mjs?how=${how}&at=7&times=9&log=${log}`, import.meta.url);
    const preparer = imagePreparer({
      transform: ending,
      workers: 1,
      processes: true,
      imageTimeout: how === 'hang' ? 0.3 : 60,
    });
    const answers = [1, 7, 2].map((value) => preparer.prepare([image(value)]).then(({ data }) => [...data], String));
    expect(await Promise.all(answers)).toEqual([[1], expect.stringMatching(message), [2]]);
    await preparer.close();
  }
});

test('options are checked', () => {
  expect(() => imagePreparer({ transform, workers: 0, processes: true })).toThrow(/processes says what workers are/);
  expect(() => imagePreparer({ transform, worker: 1 } as never)).toThrow(/has no option 'worker'.*workers/);
  expect(() => imagePreparer({ transform: compose([toTensor(), (image: Image) => image]) as never })).toThrow(
    /function of your own/,
  );
  expect(() => imagePreparer({ transform: pathToFileURL('/x.mjs'), workers: 0 })).toThrow(/only worker threads import/);
});
