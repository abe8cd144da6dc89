/** What a report is of, as hashes: others can find out whether they have the same, and recompute it. */
import { readMetadata } from '@cnnzoo/metadata';
import type { Image } from '@cnnzoo/transforms';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import packageFile from '../../package.json' with { type: 'json' };
import type { LabelledImages } from '../labelled-images.js';
import type { Network } from '../networks/classifier.js';
import type { ImageAnswer } from '../report/answers.js';
import { bytesOf, digest, shortDigest } from './digest.js';

/** What a report is of. Hashes are SHA-256 in hexadecimal digits. */
export interface Evidence extends EvaluationIdentity {
  /** Of each batch that the report has, by its index. Shards are whole batches, so they stay what they are when shards are merged. */
  readonly batches: readonly BatchEvidence[];
}

/** What makes an evaluation the evaluation it is: all of its shards have the same. */
export interface EvaluationIdentity {
  /** Of each model: the types, shapes and values of its weights in their order. */
  readonly weights: readonly string[];
  /** Of the protocols and preprocessings: their settings, and what they make of a fixed image. */
  readonly protocol: string;
  /** Of the number of images, the classes and, where the data set knows them beforehand, the labels. */
  readonly data: string;
  readonly code: EvaluationCode;
}

/** What computed a report. */
export interface EvaluationCode {
  /** The version of @cnnzoo/evaluate. All packages of a release have the same. */
  readonly evaluate: string;
  /** The version of tfjs-core. */
  readonly tfjs: string;
  /** The backend of tfjs, such as 'onnx'. */
  readonly backend: string;
}

/** Hashes of a batch: the first 128 bits. */
export interface BatchEvidence {
  /** Batch k has the images from k * part.batch on. */
  readonly index: number;
  /** Of its images' sizes, pixels and labels. */
  readonly images: string;
  /** Of what the network said: the answers as they are in `answers`. */
  readonly answers: string;
}

/** Reads weights and labels, and no image. */
export async function identityOf(
  models: readonly LayersModel[],
  networks: readonly Network[],
  dataset: LabelledImages,
): Promise<EvaluationIdentity> {
  const weights: string[] = [];
  for (const model of models) weights.push(await weightsHash(model));
  return {
    weights,
    protocol: await protocolHash(networks),
    data: await dataHash(dataset),
    code: evaluationCode(),
  };
}

export function evaluationCode(): EvaluationCode {
  return { evaluate: packageFile.version, tfjs: tf.version_core, backend: tf.getBackend() };
}

/** Of an image's size and pixels. */
export function imageHash({ data, width, height, channels }: Image): Promise<string> {
  return shortDigest(JSON.stringify([width, height, channels, data.constructor.name]), bytesOf(data));
}

/** @param answers of all images of the batch, in their order */
export async function batchEvidence(index: number, answers: readonly ImageAnswer[]): Promise<BatchEvidence> {
  return {
    index,
    images: await shortDigest(JSON.stringify(answers.map(({ image, label }) => [image, label]))),
    answers: await shortDigest(
      JSON.stringify(
        answers.map(({ index, image, label, guess, place, probability, labelProbability }) => [
          index,
          image,
          label,
          guess,
          place,
          probability,
          labelProbability,
        ]),
      ),
    ),
  };
}

/** A network without weights of its own says their hash in its metadata. */
async function weightsHash(model: LayersModel): Promise<string> {
  const parts = [readMetadata(model).weightsHash ?? ''];
  for (const tensor of model.getWeights())
    parts.push(await shortDigest(JSON.stringify([tensor.dtype, tensor.shape]), bytesOf(await valuesOf(tensor))));
  return digest(...parts);
}

async function valuesOf(tensor: tf.Tensor): Promise<ArrayBufferView> {
  const values: unknown = await tensor.data();
  // A tensor of strings is no weight of a network that computes.
  return ArrayBuffer.isView(values) ? values : new TextEncoder().encode(JSON.stringify(values));
}

/** A transform of the user's own is known by what it makes of this image. */
function probeImage(width: number, height: number, channels: number): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7919 + (i >> 5) * 104_729) % 256);
  return { data, width, height, channels };
}

async function protocolHash(networks: readonly Network[]): Promise<string> {
  const parts: (string | Uint8Array)[] = [];
  for (const { protocol, format } of networks) {
    const { crop, channels, preprocessing } = format;
    parts.push(JSON.stringify([protocol.name, protocol.inputsPerImage, crop, channels, preprocessing]));
    // Larger than the crop and not square, as photos are.
    const probe = probeImage(2 * (crop[1] || 32), (crop[0] || 32) + 9, channels ?? 3);
    try {
      for (const { input, weight, dense } of protocol.views(probe, format))
        parts.push(JSON.stringify([input.width, input.height, input.channels, weight, dense]), bytesOf(input.data));
    } catch (error) {
      // One that takes images of one size only is known by what it says.
      parts.push(String(error));
    }
  }
  return digest(...parts);
}

function dataHash({ length, categories, labels }: LabelledImages): Promise<string> {
  return digest(JSON.stringify({ length, categories, labels: labels === undefined ? null : Array.from(labels) }));
}
