/** A page with the curves of a run while it trains, by server-sent events. It shows all from the beginning to whoever opens it late, or loses the connection for a while. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EpochRecord, type TrainEvent, trainingCurves } from '@cnnzoo/train';
import { liveDocument, type RunEnd } from './live-document.js';

export interface LivePage {
  readonly address: string;
  readonly onEvent: (event: TrainEvent) => void;
  /** Browsers that look keep what they have. */
  readonly close: (end: RunEnd) => Promise<void>;
}

/** Losses that are kept for whoever comes late: more than a screen has pixels. Of twice as many, every other one stays. */
const mostLosses = 2000;

/**
 * Serves the page on this machine alone.
 * @param port 0 for any that is free
 * @throws Error where the port is taken
 */
export async function livePage(title: string, port: number): Promise<LivePage> {
  const epochs: EpochRecord[] = [];
  const losses: (readonly [step: number, loss: number])[] = [];
  /** The last event of each kind, as it was sent. */
  const last = new Map<string, string>();
  const readers = new Set<ServerResponse>();
  const send = (type: string, data: object) => {
    const text = messageOf(type, data);
    last.set(type, text);
    for (const reader of readers) reader.write(text);
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method !== 'GET') response.writeHead(405).end();
    else if (pathname === '/')
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(liveDocument(title));
    else if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(`retry: 1000\n\n${messageOf('losses', losses)}${[...last.values()].join('')}`);
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
      if (event.type === 'step' && Number.isFinite(event.loss)) losses.push([event.step, event.loss]);
      if (losses.length > 2 * mostLosses) losses.splice(0, losses.length, ...losses.filter((_, i) => i % 2 === 1));
      send(event.type, event);
      if (event.type !== 'epoch') return;
      epochs.push(event);
      // Not by an address: at the end of a run, nobody answers there any more.
      send('curves', { svg: trainingCurves(epochs, title) });
    },
    async close(end) {
      send('end', end);
      for (const reader of readers) reader.end();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

function messageOf(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
