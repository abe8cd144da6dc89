/** Figures for Prometheus, and the page to try the models, whose files lie beside the package's code. */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import type { Serving } from './serving.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a key. */
    readonly open?: boolean;
  }
}

const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
} as const;

export async function pageRoutes(app: FastifyInstance, { settings, metrics }: Serving): Promise<void> {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
  if (!settings.page) return;
  for (const [path, [name, type]] of Object.entries(files)) {
    const content = await readFile(new URL(`../page/${name}`, import.meta.url));
    app.get(path, { schema: { hide: true }, config: { open: true } }, async (_request, reply) =>
      reply.type(type).header('cache-control', 'no-cache').send(content),
    );
  }
}
