/** A page with the curves of a run while it trains, by server-sent events. It shows all from the beginning to whoever opens it late. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EpochRecord, type TrainEvent, trainingCurves } from '@cnnzoo/train';

export interface LivePage {
  readonly address: string;
  readonly onEvent: (event: TrainEvent) => void;
  /** Browsers that look keep what they have. */
  readonly close: () => Promise<void>;
}

/**
 * Serves the page on this machine alone.
 * @param port 0 for any that is free
 * @throws Error where the port is taken
 */
export async function livePage(title: string, port: number): Promise<LivePage> {
  const epochs: EpochRecord[] = [];
  const readers = new Set<ServerResponse>();
  let last = '';
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method !== 'GET') response.writeHead(405).end();
    else if (pathname === '/')
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(pageOf(title));
    else if (pathname === '/curves.svg')
      response
        .writeHead(200, { 'content-type': 'image/svg+xml', 'cache-control': 'no-store' })
        .end(trainingCurves(epochs, title));
    else if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(`retry: 1000\n\n${last}`);
      readers.add(response);
      response.on('close', () => readers.delete(response));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${port} is taken: give another one, or 0 for any`) : error),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  // The run ends the process, not who looks at it.
  server.unref();
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    onEvent(event) {
      if (event.type === 'epoch') epochs.push(event);
      last = `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
      for (const reader of readers) reader.write(last);
    },
    async close() {
      for (const reader of readers) reader.end('event: end\ndata: {}\n\n');
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

function pageOf(title: string): string {
  const heading = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${heading}</title>
<style>
  body { font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 920px; padding: 0 1rem; color: #1f2933 }
  progress { width: 100% } img, svg { width: 100% } #state { color: #52606d }
</style>
<h1>${heading}</h1>
<p id="state">waiting for the first step</p>
<progress id="done" value="0" max="1"></progress>
<h2>Loss of each step</h2>
<svg id="steps" viewBox="0 0 900 160" preserveAspectRatio="none" role="img" aria-label="loss of each step">
  <polyline fill="none" stroke="#2b6cb0" stroke-width="1.5" vector-effect="non-scaling-stroke"></polyline>
</svg>
<h2>Epochs</h2>
<img id="curves" src="curves.svg" alt="loss and accuracy over the epochs">
<script>
  const get = (id) => document.getElementById(id);
  const losses = [];
  let start = { epochs: 1, batchesPerEpoch: 1 };
  let drawing = false;
  function draw() {
    drawing = false;
    const most = Math.max(...losses), width = 900 / Math.max(1, losses.length - 1);
    const points = losses.map((loss, i) => (i * width).toFixed(1) + ',' + (155 - 150 * loss / most).toFixed(1));
    document.querySelector('#steps polyline').setAttribute('points', points.join(' '));
  }
  const events = new EventSource('events');
  const on = (type, listener) => events.addEventListener(type, (event) => listener(JSON.parse(event.data)));
  on('start', (event) => { start = event; });
  on('step', (event) => {
    if (Number.isFinite(event.loss)) losses.push(event.loss);
    if (losses.length > 2000) losses.splice(0, losses.length, ...losses.filter((_, i) => i % 2 === 1));
    get('done').value = (event.epoch + event.batch / start.batchesPerEpoch) / start.epochs;
    get('state').textContent = 'epoch ' + (event.epoch + 1) + ', step ' + event.step + ': loss ' + event.epochLoss.toFixed(3) +
      ', accuracy ' + (100 * event.epochAccuracy).toFixed(1) + ' %, learning rate ' + event.learningRate.toPrecision(3) +
      ', ' + Math.round(1000 * event.count / event.milliseconds) + ' images/s';
    if (!drawing) { drawing = true; requestAnimationFrame(draw); }
  });
  on('epoch', (event) => { get('curves').src = 'curves.svg?' + event.epoch; });
  on('interrupted', () => { get('state').textContent += ' (interrupted)'; });
  on('end', () => { events.close(); get('done').value = 1; get('state').textContent += ': done'; });
</script>
`;
}
