/** A server in a process of its own, which the bench tells to lose a worker or to replace its model. */
import { readFileSync } from 'node:fs';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { createServer } from '@cnnzoo/serve';
import * as tf from '@tensorflow/tfjs-core';
import { loadClassifier } from 'cnnzoo';
import type { FromServer, ServerSetup, ToServer } from './messages.js';

const setup = JSON.parse(process.argv[2] ?? '') as ServerSetup;
const send = (message: FromServer) => process.send?.(message);

/** The processes that predict or decode. */
function workers() {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter((pid) => pid !== '')
    .flatMap((pid) => {
      const file = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
      try {
        const [, , program = '', mark] = ['', ...file('cmdline').split('\0')];
        const kibibytes = Number(/VmRSS:\s+(\d+)/.exec(file('status'))?.[1] ?? 0);
        return mark === 'cnnzoo-worker' ? [{ pid: Number(pid), program, memory: 1024 * kibibytes }] : [];
      } catch {
        // It has ended since.
        return [];
      }
    });
}

/** As crashes of native code, of the operating system and of a library's own checks end a process. */
const crashes = ['SIGKILL', 'SIGSEGV', 'SIGABRT'] as const;
let killed = 0;

registerOnnxBackend();
await tf.setBackend('onnx');
const load = () => loadClassifier(setup.folder);
const server = await createServer({
  models: [{ name: 'network', classifier: load }],
  batching: { maxBatchSize: setup.batch },
  ...(setup.maxQueueSize !== undefined && { maxQueueSize: setup.maxQueueSize }),
  ...(setup.timeout !== undefined && { timeout: setup.timeout }),
  ...(setup.decodeWorkers !== undefined && { decodeWorkers: setup.decodeWorkers }),
  log: false,
});
send({ address: await server.listen({ port: 0 }) });

process.on('message', async (message: ToServer) => {
  if (message === 'kill a worker') {
    const predicting = workers().filter(({ program }) => program.includes('inference-worker'));
    const worker = predicting[killed % predicting.length];
    if (worker !== undefined) process.kill(worker.pid, crashes[killed++ % crashes.length]);
    send({ done: message });
  } else if (message === 'replace') {
    await server.load({ name: 'network', classifier: load });
    send({ done: message });
  } else if (message === 'memory') {
    send({ memory: workers().reduce((sum, { memory }) => sum + memory, process.memoryUsage.rss()) });
  } else {
    await server.close();
    process.disconnect();
  }
});
