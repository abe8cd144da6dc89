/** `POST /classify`: image files in, classes with their probabilities out. */

import { DataError } from '@cnnzoo/data';
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { diedWorking, httpError } from '../http/http-error.js';
import * as schemas from '../http/schemas.js';
import type { ClientImage, RequestTerms, RunningModel } from '../models/running-model.js';
import { refuseWhereFull, type Serving, serve } from '../serving.js';

interface Classify {
  readonly Querystring: {
    readonly model?: string;
    readonly version?: string;
    readonly topK: number;
    readonly priority?: number;
    readonly timeout?: number;
    readonly map?: boolean;
  };
}

export async function classifyRoutes(app: FastifyInstance, serving: Serving): Promise<void> {
  const { models, settings } = serving;
  const { limits } = settings;
  app.removeAllContentTypeParsers();
  // The type that a client says does not matter: the first bytes decide which decoder is asked, if any.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);
  await app.register(multipart, {
    limits: { fileSize: limits.bodyBytes, files: limits.images, fields: 16, fieldSize: 4096 },
  });
  const schema = {
    querystring: schemas.classifyQuery,
    response: { 200: schemas.classifyResponse, ...schemas.errorResponses },
    consumes: ['image/jpeg', 'image/png', 'image/webp', 'application/octet-stream', 'multipart/form-data'],
  };
  const modelOf = ({ query: { model = models.defaultName, version } }: FastifyRequest<Classify>) =>
    models.get(model, version);
  const refuse = async (request: FastifyRequest) =>
    refuseWhereFull(serving, request, modelOf(request as FastifyRequest<Classify>));
  app.post<Classify>('/classify', { schema, onRequest: refuse }, async (request, reply) => {
    const { topK, priority = 0, timeout = null, map = false } = request.query;
    const images = await imagesOf(request, limits.images);
    // Only now: while a form is read, another may have taken the model's place.
    const model = modelOf(request);
    return serve(serving, request, reply, model, images.length, { priority, timeout }, (terms) =>
      classify(serving, model, images, { topK: Math.min(topK, model.outputSize), map, terms }),
    );
  });
}

async function classify(
  { tracing }: Serving,
  model: RunningModel,
  images: readonly ClientImage[],
  { topK, map, terms }: { readonly topK: number; readonly map: boolean; readonly terms: RequestTerms },
) {
  const { classifier, maps, name, version, outputSize } = model;
  const start = performance.now();
  let prepareTime = 0;
  const answers = await Promise.all(
    images.map(async (image) => {
      const prepared = await tracing.span('prepare', {}, () => prepare(model, image, terms.signal));
      prepareTime = Math.max(prepareTime, performance.now() - start);
      // None waits for the others: while one is predicted, the next is decoded.
      const answer = await tracing.span('predict', {}, () => model.predict(prepared, terms));
      const predictions = classifier.predictions(answer.outputs.subarray(0, outputSize), topK);
      const [best] = predictions;
      const { resizeSize, cropSize } = classifier.network.preprocessing;
      const found = map && best !== undefined ? await maps.mapOf(prepared, best.index) : null;
      return {
        answer,
        result: {
          name: image.name,
          predictions,
          ...(map && { map: found === null ? null : { ...found, crop: { resizeSize, cropSize } } }),
        },
      };
    }),
  );
  const queueTime = Math.max(...answers.map(({ answer }) => answer.queueTime));
  const computeTime = Math.max(...answers.map(({ answer }) => answer.computeTime));
  const times = { prepare: prepareTime, queue: queueTime, compute: computeTime };
  return {
    answer: { model: name, version, images: answers.map(({ result }) => result), times },
    costs: { images: images.length, prepareTime, queueTime, computeTime },
  };
}

async function prepare(model: RunningModel, image: ClientImage, signal: AbortSignal): Promise<Float32Array> {
  try {
    return await model.prepare(image, signal);
  } catch (error) {
    if (error instanceof DataError) throw httpError(400, 'invalid', error.message);
    if (signal.aborted) throw error;
    throw diedWorking(`the workers that decode ${image.name} have ended: it may be what ends them`, error);
  }
}

/** The files of a request: its body, or all files of a form. */
async function imagesOf(request: FastifyRequest, most: number): Promise<ClientImage[]> {
  if (!request.isMultipart()) {
    const { body } = request;
    if (!(body instanceof Uint8Array) || body.length === 0)
      throw httpError(400, 'invalid', 'the body must be an image file, or a form (multipart/form-data) with several');
    return [{ name: 'image', bytes: body }];
  }
  const images: ClientImage[] = [];
  try {
    for await (const file of request.files()) {
      const bytes = await file.toBuffer();
      images.push({ name: file.filename || `image ${images.length + 1}`, bytes });
    }
  } catch (error) {
    // The reader of forms says only in words that a form is broken; where a limit is passed it has a status.
    if (error instanceof Error && !('statusCode' in error))
      throw httpError(400, 'invalid', `the form cannot be read: ${error.message}`);
    throw error;
  }
  if (images.length === 0) throw httpError(400, 'invalid', `the form has no file: send 1 to ${most}`);
  return images;
}
