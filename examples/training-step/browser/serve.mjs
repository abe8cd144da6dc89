// Serves the page, onnxruntime-web and an exported step on this machine: node serve.mjs STEP_FOLDER [PORT]
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';
import { argv } from 'node:process';

const types = {
  '.html': 'text/html',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** @returns the server, which listens */
export async function serve(step, port = 0) {
  const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  const places = [
    ['/step/', step],
    ['/ort/', ort],
    ['/training-step.mjs', join(import.meta.dirname, '../training-step.mjs')],
    ['/', import.meta.dirname],
  ];
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    const [prefix, folder] = places.find(([start]) => path.startsWith(start));
    try {
      const content = await readFile(join(folder, path === '/' ? 'index.html' : path.slice(prefix.length)));
      const type = types[extname(path) || '.html'] ?? 'application/octet-stream';
      // Isolated from other pages, so that onnxruntime-web may use several threads.
      response
        .setHeader('cross-origin-opener-policy', 'same-origin')
        .setHeader('cross-origin-embedder-policy', 'require-corp');
      response.setHeader('content-type', type).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return server;
}

if (import.meta.filename === argv[1]) {
  const [step = '.', port = '8000'] = argv.slice(2);
  await serve(step, Number(port));
  console.log(`http://127.0.0.1:${port}/`);
}
