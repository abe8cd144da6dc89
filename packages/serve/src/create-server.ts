/** The server: its parts put together, and how it starts and ends. */
import { Server as NetServer } from 'node:net';
import { check, checkOptions, integer, optional, string } from '@cnnzoo/checks';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { classifyRoutes } from './classify/classify-routes.js';
import { answerErrors } from './http/answer-errors.js';
import { limitBodies } from './http/body-budget.js';
import { secure } from './http/security.js';
import { validateBySchemas } from './http/validation.js';
import { modelRepository } from './models/model-repository.js';
import type { ModelSource } from './models/served-classifier.js';
import { logAccess } from './observability/access-log.js';
import { serverMetrics } from './observability/metrics.js';
import { tracing } from './observability/tracing.js';
import { describeApi } from './openapi.js';
import { pageRoutes } from './page-routes.js';
import { v2Routes } from './protocol/v2-routes.js';
import { checkModelSource, type ServerOptions, serverSettings } from './server-options.js';
import type { Serving } from './serving.js';

/** Where a server listens. */
export interface ListenOptions {
  /** Default 8000; 0 for any that is free. */
  readonly port?: number;
  /** Default '127.0.0.1', this machine alone; '0.0.0.0' for all that reach it. */
  readonly host?: string;
}

/** A server of classifiers. */
export interface ModelServer {
  /** The Fastify app, for routes and plugins of one's own: add them before `listen`. */
  readonly app: FastifyInstance;
  /** @returns its address @throws Error where the port is taken */
  listen(options?: ListenOptions): Promise<string>;
  /** Loads a model, or takes the place of one of the same name and version: the new one is warm before the old one goes. */
  load(model: ModelSource): Promise<void>;
  /** @param version all of them where it is undefined */
  unload(name: string, version?: string): Promise<void>;
  /** Accepts no more connections, answers all requests that have come or come during the grace, and ends the workers. */
  close(): Promise<void>;
}

/**
 * A server that answers with what classifiers see in images: the Open Inference Protocol (version 2) as KServe and Triton speak it, and `POST /classify` for image
 * files. Requests that come at the same time are predicted together. It loads its models, and does not listen yet.
 *
 * | address | what it is |
 * | --- | --- |
 * | `POST /classify` | image files in a body or a form; classes with probabilities |
 * | `/v2…` | health, metadata, inference, statistics, the repository of models |
 * | `GET /metrics` | figures for Prometheus |
 * | `GET /openapi.json` | all of this as OpenAPI 3.1 |
 * | `GET /` | a page to try the models |
 *
 * @param options.models `{ name, classifier }`, each with a `version` where there are several of a name
 * @throws TypeError or RangeError naming the option that is wrong; (rejects) what loading a model throws
 * @example
 * import { createServer } from '@cnnzoo/serve';
 * import { loadClassifier } from 'cnnzoo';
 *
 * const server = await createServer({ models: [{ name: 'pets', classifier: () => loadClassifier('pets') }] });
 * console.log(await server.listen({ port: 8000 })); // http://127.0.0.1:8000
 * process.once('SIGTERM', () => void server.close());
 */
export async function createServer(options: ServerOptions): Promise<ModelServer> {
  const settings = serverSettings(options);
  const { limits } = settings;
  const requestTimeout = 1000 * limits.requestSeconds;
  const metrics = serverMetrics(settings.metricNames, () => models.running);
  const models = modelRepository(settings, (model, batch) => metrics.batch(model, batch));
  const serving: Serving = { settings, models, metrics, tracing: await tracing() };
  let draining = false;

  const app = Fastify({
    logger: settings.log === false ? false : { level: 'info', stream: settings.log },
    // One line for a request, when it is answered.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    requestTimeout,
    // Node looks for late requests every 30 seconds otherwise, and exchanges the two limits where that of the headers is the longer one.
    http: {
      connectionsCheckingInterval: Math.ceil(requestTimeout / 4),
      headersTimeout: requestTimeout,
      requestTimeout,
    },
    requestIdHeader: false,
    genReqId: logAccess.requestId,
    // While it drains, clients that are connected are answered.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
  });
  validateBySchemas(app);
  answerErrors(app, metrics);
  logAccess.install(app);
  await secure(app, settings);
  limitBodies(app, limits.bytesInFlight, limits.bodyBytes);
  app.addHook('onSend', async (_request, reply) => {
    if (draining) reply.header('connection', 'close');
  });
  await describeApi(app);
  await app.register((scope) => v2Routes(scope, { ...serving, draining: () => draining }));
  await app.register((scope) => classifyRoutes(scope, serving));
  await app.register((scope) => pageRoutes(scope, serving));

  let closing: Promise<void> | null = null;
  async function close(): Promise<void> {
    draining = true;
    if (app.server.listening) {
      // Node's HTTP server would cut connections on which a request is on its way: this only stops listening.
      NetServer.prototype.close.call(app.server);
      await connectionsEnd(app, settings.drainGrace);
    }
    await models.close();
    await app.close();
  }

  try {
    await Promise.all(settings.models.map((model) => models.load(model)));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    app,
    async listen(listenOptions = {}) {
      const { port = 8000, host = '127.0.0.1' } = checkOptions<ListenOptions>('listen', listenOptions, {
        port: optional(integer(0, 65_535)),
        host: optional(string('an address of this machine')),
      });
      await models.warm();
      // As many connections may wait to be accepted as the system allows: those above are tried again by their clients a second later.
      return app.listen({ port, host, backlog: 65_535 });
    },
    load: async (model) => models.load(checkModelSource(model)),
    async unload(name, version) {
      check('name', name, string());
      check('version', version, optional(string()));
      await models.unload(name, version);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Waits until all clients have gone, which each answer asks them to, or the grace is over; then for the requests that are being answered. */
async function connectionsEnd(app: FastifyInstance, grace: number): Promise<void> {
  const { server } = app;
  const open = () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  const end = performance.now() + grace;
  while (performance.now() < end && (await open()) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let idle = server.closeIdleConnections; (await open()) > 0; ) {
    idle.call(server);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
