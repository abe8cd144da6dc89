/** What can be classified: files, pixels, and what a page shows. */
import type { Source } from '@cnnzoo/data';
import { runsInNode } from '@cnnzoo/files';
import { grayscale, type Image, toRgb } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import { decodedByBrowser, type PageImage, type PagePixels, pixelsOf } from './page-image.js';

/**
 * An image: its file (a path, a file or https URL, bytes, a Blob), its pixels, a tensor [height, width, channels] (int32 from 0 to 255, or
 * float32 from 0 to 1), or in a browser `ImageData`, a canvas, an `<img>`, a `<video>` or an `ImageBitmap`.
 */
export type ClassifierInput = Source | Image | tf.Tensor3D | PagePixels | PageImage;

/**
 * A file as it is, or pixels with as many channels as a network takes.
 * @param name for messages
 * @throws TypeError for what is no image
 */
export async function fileOrPixels(input: ClassifierInput, channels: 1 | 3 | 4, name: string): Promise<Source | Image> {
  if (isFile(input)) return runsInNode() ? input : withChannels(await decodedByBrowser(input), channels);
  if (typeof input !== 'object' || input === null) throw notAnImage(name, input);
  if (input instanceof tf.Tensor) return withChannels(await tensorPixels(input, name), channels);
  if ('data' in input) {
    const { data, width, height } = input;
    return withChannels('channels' in input ? input : { data, width, height, channels: 4 }, channels);
  }
  if (runsInNode()) {
    if ('read' in input || isShared(input)) return input;
    throw notAnImage(name, input);
  }
  if ('read' in input || isShared(input)) throw notAnImage(name, input);
  return withChannels(pixelsOf(input), channels);
}

function notAnImage(name: string, input: unknown): TypeError {
  return new TypeError(
    `${name} must be the path or URL of an image, its bytes, a Blob, { data, width, height, channels }, a tensor, ImageData, a canvas or an image of a page, got ${Object.prototype.toString.call(input).slice(8, -1)}`,
  );
}

const isShared = (input: object): input is SharedArrayBuffer =>
  typeof SharedArrayBuffer !== 'undefined' && input instanceof SharedArrayBuffer;

const isFile = (input: ClassifierInput): input is string | URL | Blob | Uint8Array | ArrayBuffer =>
  typeof input === 'string' ||
  input instanceof URL ||
  input instanceof Blob ||
  input instanceof Uint8Array ||
  input instanceof ArrayBuffer;

function withChannels(image: Image, channels: 1 | 3 | 4): Image {
  if (image.channels === channels || channels === 4) return image;
  return (channels === 1 ? grayscale(1) : toRgb())(image);
}

async function tensorPixels(tensor: tf.Tensor, name: string): Promise<Image> {
  const [height, width, channels] = tensor.shape;
  if (tensor.rank !== 3 || height === undefined || width === undefined || channels === undefined)
    throw new RangeError(`${name} must be a tensor [height, width, channels], got [${tensor.shape.join(', ')}]`);
  if (tensor.dtype !== 'int32' && tensor.dtype !== 'float32')
    throw new TypeError(`${name} must be a tensor of int32 or float32, got ${tensor.dtype}`);
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
