/** What can be classified: files, pixels, and what a page shows. */
import { check, image, rule } from '@cnnzoo/checks';
import type { Source } from '@cnnzoo/data';
import { isSource, runsInNode } from '@cnnzoo/files';
import { grayscale, type Image, toRgb } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import { decodedByBrowser, type PageImage, type PagePixels, pixelsOf } from './page-image.js';

/**
 * An image: its file (a path, a file or https URL, bytes, a Blob), its pixels, a tensor [height, width, channels] (int32 from 0 to 255, or
 * float32 from 0 to 1), or in a browser `ImageData`, a canvas, an `<img>`, a `<video>` or an `ImageBitmap`.
 */
export type ClassifierInput = Source | Image | tf.Tensor3D | PagePixels | PageImage;

/**
 * Refuses what is no image, as far as that can be seen without reading a file or a tensor.
 * @param name for messages
 * @throws TypeError or RangeError
 */
export function checkInput(input: unknown, name: string): void {
  if (isFile(input)) {
    check(name, input, fileRule);
  } else if (typeof input !== 'object' || input === null) throw notAnImage(name, input);
  else if (input instanceof tf.Tensor) checkTensor(input, name);
  else if ('data' in input) check(name, 'channels' in input ? input : { channels: 4, ...input }, imageRule);
  // In Node there is nothing that could be drawn.
  else if (isSource(input) !== runsInNode()) throw notAnImage(name, input);
}

/**
 * A file as it is, or pixels with as many channels as a network takes.
 * @param input that `checkInput` let pass
 * @param name for messages
 * @throws RangeError for a tensor with other values than an image has
 */
export async function fileOrPixels(input: ClassifierInput, channels: 1 | 3 | 4, name: string): Promise<Source | Image> {
  if (isFile(input)) return runsInNode() ? input : withChannels(await decodedByBrowser(input), channels);
  if (input instanceof tf.Tensor) return withChannels(await tensorPixels(input, name), channels);
  if ('data' in input) {
    const { data, width, height } = input;
    return withChannels('channels' in input ? input : { data, width, height, channels: 4 }, channels);
  }
  return isSource(input) ? input : withChannels(pixelsOf(input), channels);
}

const imageRule = image<Image>();
const fileRule = rule<Source>('the path or URL of an image', isSource);

function notAnImage(name: string, input: unknown): TypeError {
  return new TypeError(
    `${name} must be the path or URL of an image, its bytes, a Blob, { data, width, height, channels }, a tensor, ImageData, a canvas or an image of a page, got ${Object.prototype.toString.call(input).slice(8, -1)}`,
  );
}

const isFile = (input: unknown): input is string | URL | Blob | Uint8Array | ArrayBuffer =>
  typeof input === 'string' ||
  input instanceof URL ||
  input instanceof Blob ||
  input instanceof Uint8Array ||
  input instanceof ArrayBuffer;

function withChannels(image: Image, channels: 1 | 3 | 4): Image {
  if (image.channels === channels || channels === 4) return image;
  return (channels === 1 ? grayscale(1) : toRgb())(image);
}

function checkTensor({ shape, dtype, isDisposed }: tf.Tensor, name: string): void {
  if (isDisposed) throw new RangeError(`${name} is a tensor that has been disposed of`);
  if (shape.length !== 3 || !shape.every((size) => size >= 1))
    throw new RangeError(`${name} must be a tensor [height, width, channels], got [${shape.join(', ')}]`);
  if (dtype !== 'int32' && dtype !== 'float32')
    throw new TypeError(`${name} must be a tensor of int32 or float32, got ${dtype}`);
}

async function tensorPixels(tensor: tf.Tensor, name: string): Promise<Image> {
  const [height = 0, width = 0, channels = 0] = tensor.shape;
  const values = await tensor.data<'int32' | 'float32'>();
  const [most, scale] = tensor.dtype === 'int32' ? [255, 1] : [1, 255];
  const data = new Uint8Array(values.length);
  for (const [index, value] of values.entries()) {
    if (!(value >= 0 && value <= most))
      throw new RangeError(`${name} must have values from 0 to ${most}, because it is ${tensor.dtype}, got ${value}`);
    data[index] = Math.round(value * scale);
  }
  return { data, width, height, channels };
}
