/** Figures for Prometheus, and the page to try the models, whose files lie beside the package's code. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
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
  // Found by the package's own export, so that its ESM and CommonJS builds and its tests serve the same files.
  const folder = join(dirname(createRequire(import.meta.url).resolve('@cnnzoo/serve')), 'page');
  for (const [path, [name, type]] of Object.entries(files)) {
    const content = await readFile(join(folder, name));
    app.get(path, { schema: { hide: true }, config: { open: true } }, async (_request, reply) =>
      reply.type(type).header('cache-control', 'no-cache').send(content),
    );
  }
}
