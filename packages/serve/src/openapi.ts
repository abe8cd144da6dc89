/** `/openapi.json`: the routes with the schemas by which they validate. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { packageVersion } from './version.js';

export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'cnnzoo',
        version: packageVersion,
        description: 'Image classifiers: the Open Inference Protocol, and image files.',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
