/**
 * The process of an engine that runs tfjs code: `main.ts ENGINE LAYERS THREADS [FOLDER]`, where FOLDER is the one to take tfjs
 * from.
 * Introduces itself on standard output, then answers requests from standard input (../protocol.ts).
 */
import { register } from 'node:module';
import { createInterface } from 'node:readline';
import type { Failure, Inspection, LayerSource, Request } from '../protocol.js';
import type { NetworkSession } from './network-session.js';
import { processMemory } from './process-memory.js';
import type { TfjsEngineName } from './tfjs-engines.js';

// Standard output is for replies. What libraries print goes to standard error.
console.log = console.error;
console.info = console.error;

const reply = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

const [engineName, layers, threads, tfjsFolder] = process.argv.slice(2);
if (tfjsFolder !== undefined) register('./redirect-tfjs.ts', import.meta.url, { data: tfjsFolder });

// Imports of tfjs come after the redirection.
const tf = await import('@tensorflow/tfjs-core');
const { startTfjsEngine } = await import('./tfjs-engines.js');
const { predictionOf, prepareNetwork } = await import('./network-session.js');
const { introduction, compilation } = await startTfjsEngine[engineName as TfjsEngineName](Number(threads));
reply(layers === 'cnnzoo' ? { ...introduction, version: `${introduction.version}, cnnzoo layers` } : introduction);

let session: NetworkSession | undefined;
async function answer(request: Request): Promise<object> {
  switch (request.command) {
    case 'prepare':
      session = await prepareNetwork(request.work, layers as LayerSource, predictionOf(engineName));
      return { parameters: session.parameters };
    case 'run':
      if (session === undefined) throw new Error("'run' came before 'prepare'");
      return session.run(request.steps);
    case 'inspect':
      return {
        ...processMemory(),
        tensors: tf.memory().numTensors,
        compilation: compilation?.() ?? null,
      } satisfies Inspection;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    reply(await answer(JSON.parse(line) as Request));
  } catch (error) {
    reply({ error: error instanceof Error ? error.message : String(error) } satisfies Failure);
  }
}
// Standard input has ended: nothing more is wanted, and some engines would keep the process alive.
process.exit(0);
