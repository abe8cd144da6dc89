/** A server in a process of its own, which the bench tells to lose a worker or to replace its model. */
import { Worker } from 'node:worker_threads';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { createServer } from '@cnnzoo/serve';
import * as tf from '@tensorflow/tfjs-core';
import { loadClassifier } from 'cnnzoo';
import type { FromServer, ServerSetup, ToServer } from './messages.js';

const setup = JSON.parse(process.argv[2] ?? '') as ServerSetup;
const send = (message: FromServer) => process.send?.(message);

/** Threads that have predicted. The pool gives them their work by `postMessage`. */
const predicting = new Set<Worker>();
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (this: Worker, ...given: Parameters<Worker['postMessage']>) {
  const [message] = given as [{ readonly images?: unknown } | null];
  if (message?.images instanceof Float32Array) {
    if (!predicting.has(this)) this.once('exit', () => predicting.delete(this));
    predicting.add(this);
  }
  post.apply(this, given);
};

registerOnnxBackend();
await tf.setBackend('onnx');
const load = () => loadClassifier(setup.folder);
const server = await createServer({
  models: [{ name: 'network', classifier: load }],
  batching: { maxBatchSize: setup.batch },
  ...(setup.maxQueueSize !== undefined && { maxQueueSize: setup.maxQueueSize }),
  ...(setup.decodeWorkers !== undefined && { decodeWorkers: setup.decodeWorkers }),
  log: false,
});
send({ address: await server.listen({ port: 0 }) });

process.on('message', async (message: ToServer) => {
  if (message === 'kill a worker') {
    const [worker] = predicting;
    await worker?.terminate();
    send({ done: message });
  } else if (message === 'replace') {
    await server.load({ name: 'network', classifier: load });
    send({ done: message });
  } else if (message === 'memory') {
    send({ memory: process.memoryUsage().rss });
  } else {
    await server.close();
    process.disconnect();
  }
});
