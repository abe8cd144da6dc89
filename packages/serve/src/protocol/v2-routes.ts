/** The Open Inference Protocol, version 2, as KServe and Triton speak it: health, metadata, inference, and the repository of models. */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { httpError } from '../http/http-error.js';
import * as schemas from '../http/schemas.js';
import type { RunningModel } from '../models/running-model.js';
import { refuseWhereFull, type Serving, serve } from '../serving.js';
import { packageVersion } from '../version.js';
import { invalid } from './datatypes.js';
import { type InferBody, imagesIn, readInference, splitBody } from './infer-request.js';
import { inferAnswer } from './infer-response.js';

interface OfModel {
  readonly Params: { readonly model: string; readonly version?: string };
}

/** Failed starts in a row after which the process should be started again. */
const hopeless = 5;

export async function v2Routes(app: FastifyInstance, serving: Serving & { readonly draining: () => boolean }) {
  const { models } = serving;
  await readBodies(app, serving.settings.limits.bodyBytes);
  const runs = () => models.running.length > 0 && models.running.every(({ healthy }) => healthy);
  const isReady = () => !serving.draining() && runs() && models.states.every(({ state }) => state !== 'LOADING');

  app.get('/v2', { schema: { response: { 200: schemas.serverMetadata } } }, async () => ({
    name: 'cnnzoo',
    version: packageVersion,
    extensions: ['binary_tensor_data', 'classification', 'model_repository', 'schedule_policy', 'statistics'],
  }));
  const health = { response: { 200: schemas.live, 503: schemas.live } };
  app.get('/v2/health/live', { schema: health }, async (_request, reply) => {
    const live = models.running.every(({ failedStarts }) => failedStarts < hopeless);
    return reply.code(live ? 200 : 503).send({ live });
  });
  const readiness = { response: { 200: schemas.ready, 503: schemas.ready } };
  app.get('/v2/health/ready', { schema: readiness }, async (_request, reply) =>
    reply.code(isReady() ? 200 : 503).send({ ready: isReady() }),
  );

  const paths = (rest: string) => [`/v2/models/:model${rest}`, `/v2/models/:model/versions/:version${rest}`];
  const modelOf = ({ params: { model, version } }: FastifyRequest<OfModel>) => models.get(model, version);
  const errors = schemas.errorResponses;

  for (const path of paths(''))
    app.get<OfModel>(path, { schema: { response: { 200: schemas.modelMetadata, ...errors } } }, async (request) => {
      const model = modelOf(request);
      const { name, classifier, outputSize } = model;
      const { input, output, inputShape } = classifier.network;
      const versions = models.states.filter((each) => each.name === name).map(({ version }) => version);
      return {
        name,
        versions,
        platform: 'onnxruntime_onnx',
        inputs: [{ name: input, datatype: 'FP32', shape: [-1, ...inputShape] }],
        outputs: [{ name: output, datatype: 'FP32', shape: [-1, outputSize] }],
        parameters: { categories: classifier.categories },
      };
    });
  for (const path of paths('/ready'))
    app.get<OfModel>(
      path,
      { schema: { response: { 200: schemas.modelReady, ...errors, 503: schemas.modelReady } } },
      async (request, reply) => {
        const { model: name, version } = request.params;
        const state = models.states.filter((each) => each.name === name && each.version === (version ?? each.version));
        if (state.length === 0) models.get(name, version);
        const running = models.running.filter(
          (each) => each.name === name && each.version === (version ?? each.version),
        );
        const ready = running.some(({ healthy }) => healthy);
        return reply.code(ready ? 200 : 503).send({ name, ready });
      },
    );
  // Triton's own description of a model, which its clients ask for.
  for (const path of paths('/config'))
    app.get<OfModel>(path, { schema: { response: { 200: {}, ...errors } } }, async (request) =>
      tritonConfig(modelOf(request), serving),
    );
  for (const path of ['/v2/models/stats', ...paths('/stats')])
    app.get<OfModel>(path, { schema: { response: { 200: schemas.statistics, ...errors } } }, async (request) => {
      const { model, version } = request.params;
      const wanted = model === undefined ? models.running : [models.get(model, version)];
      return { model_stats: wanted.map((each) => statisticsOf(each, serving)) };
    });

  const infer = { body: schemas.inferRequest, response: { 200: schemas.inferResponse, ...errors } };
  const refuse = async (request: FastifyRequest) =>
    refuseWhereFull(serving, request, modelOf(request as FastifyRequest<OfModel>));
  for (const path of paths('/infer'))
    app.post<OfModel & { Body: InferBody }>(path, { schema: infer, onRequest: refuse }, async (request, reply) => {
      const model = modelOf(request);
      const count = imagesIn(request.body, model);
      const inference = readInference(request.body, model);
      const outputs = await serve(serving, request, reply, model, count, inference, async (terms) => {
        const { outputs: answer, queueTime, computeTime } = await model.predict(inference.images, terms);
        return { answer, costs: { images: count, prepareTime: 0, queueTime, computeTime } };
      });
      const { head, binary } = inferAnswer(model, inference, outputs);
      return binary === null ? head : sendBinary(reply, head, binary);
    });

  const index = { response: { 200: schemas.repositoryIndex, ...errors } };
  app.post<{ Body: { readonly ready?: boolean } | null }>('/v2/repository/index', { schema: index }, async ({ body }) =>
    models.states.filter(({ state }) => body?.ready !== true || state === 'READY'),
  );
  const control = { schema: { response: { 200: {}, ...errors } } };
  const checkControl = () => {
    if (!serving.settings.modelControl)
      throw httpError(
        403,
        'unauthorized',
        'this server loads and unloads no models for clients: start it with modelControl',
      );
  };
  app.post<OfModel>('/v2/repository/models/:model/load', control, async ({ params }) => {
    checkControl();
    await models.reload(params.model);
    return {};
  });
  app.post<OfModel>('/v2/repository/models/:model/unload', control, async ({ params }) => {
    checkControl();
    await models.unload(params.model);
    return {};
  });
}

/** A body is JSON, or JSON and bytes; both may be compressed. */
async function readBodies(app: FastifyInstance, limit: number): Promise<void> {
  app.removeAllContentTypeParsers();
  const unpack = { gzip: promisify(gunzip), deflate: promisify(inflate) };
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return null;
    const encoding = request.headers['content-encoding'] ?? 'identity';
    const length = request.headers['inference-header-content-length'];
    let plain = body;
    if (encoding === 'gzip' || encoding === 'deflate')
      plain = await unpack[encoding](body, { maxOutputLength: limit }).catch((error: { code?: string }) => {
        if (error.code === 'ERR_BUFFER_TOO_LARGE')
          throw httpError(413, 'too_large', `the body is larger than ${limit} bytes`);
        throw invalid(`the body is not compressed by ${encoding}, as Content-Encoding says`);
      });
    else if (encoding !== 'identity')
      throw httpError(415, 'invalid', `Content-Encoding '${encoding}' is not known: send gzip, deflate or none`);
    return splitBody(plain, typeof length === 'string' ? length : undefined);
  });
}

function sendBinary(reply: FastifyReply, head: object, binary: Buffer) {
  const json = Buffer.from(JSON.stringify(head));
  return reply
    .header('Inference-Header-Content-Length', json.length)
    .type('application/octet-stream')
    .serializer((body: Buffer) => body as never)
    .send(Buffer.concat([json, binary]));
}

function tritonConfig({ name, classifier, outputSize }: RunningModel, { settings: { batching, workers } }: Serving) {
  const { input, output, inputShape } = classifier.network;
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    max_batch_size: batching.maxBatchSize,
    input: [{ name: input, data_type: 'TYPE_FP32', format: 'FORMAT_NHWC', dims: inputShape }],
    output: [{ name: output, data_type: 'TYPE_FP32', dims: [outputSize] }],
    dynamic_batching: {
      preferred_batch_size: batching.preferredBatchSizes,
      max_queue_delay_microseconds: Math.round(1000 * batching.maxQueueDelay),
    },
    instance_group: [{ name, kind: 'KIND_CPU', count: workers }],
  };
}

function statisticsOf(model: RunningModel, { metrics }: Serving) {
  const { requests, failures, images, batches, time, failureTime, queueTime, computeTime } = metrics.sumsOf(model);
  const duration = (count: number, milliseconds: number) => ({ count, ns: Math.round(1e6 * milliseconds) });
  return {
    name: model.name,
    version: model.version,
    inference_count: images,
    execution_count: batches,
    inference_stats: {
      success: duration(requests, time),
      fail: duration(failures, failureTime),
      queue: duration(requests, queueTime),
      compute_infer: duration(requests, computeTime),
    },
  };
}
