/** Who may ask, and what browsers may do with answers. */
import { createHash, timingSafeEqual } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ServerSettings } from '../server-options.js';
import { httpError } from './http-error.js';

/** What answers without a key: load balancers have none. */
const open = new Set(['/v2/health/live', '/v2/health/ready']);

export async function secure(app: FastifyInstance, { apiKeys, corsOrigins }: ServerSettings): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      // The page has no script, style or image of elsewhere, and asks this server only.
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'blob:', 'data:'],
        connectSrc: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
    },
    // Another origin that CORS allows may read answers.
    crossOriginResourcePolicy: corsOrigins.length === 0 ? { policy: 'same-origin' } : { policy: 'cross-origin' },
    // Whether there is TLS before this server is not for it to say.
    strictTransportSecurity: false,
  });
  if (corsOrigins.length > 0)
    await app.register(cors, { origin: corsOrigins === '*' ? '*' : [...corsOrigins], methods: ['GET', 'POST'] });
  if (apiKeys.length === 0) return;
  const digests = apiKeys.map(digest);
  app.addHook('onRequest', async (request) => {
    if (open.has(request.routeOptions.url ?? '') || isPage(request)) return;
    const given = keyOf(request);
    // Every key is compared, each in the same time, so that time tells nothing.
    const matches = digests.map((each) => timingSafeEqual(each, digest(given ?? '')));
    if (given === null || !matches.includes(true))
      throw httpError(401, 'unauthorized', 'a key is needed: Authorization: Bearer KEY, or X-API-Key: KEY');
  });
}

/** The page itself holds nothing secret, and asks for the key. */
const isPage = ({ routeOptions }: FastifyRequest) => routeOptions.config.open === true;

const digest = (key: string) => createHash('sha256').update(key).digest();

function keyOf({ headers }: FastifyRequest): string | null {
  const key = headers['x-api-key'];
  if (typeof key === 'string') return key;
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
