/** The program in which an engine is tried apart from the app: started by isolated-probe.ts, answers with one message. */
import * as tf from '@tensorflow/tfjs-core';
import { engines } from './engines/index.js';
import type { ProbeAnswer, ProbeRequest } from './isolated-probe.js';
import { measureSpeed } from './measure.js';
import { probe } from './probe.js';
import { instantiate, silenceBanner } from './tfjs-registry.js';

async function answer({ engine: name, purpose, settings, surroundings, measure }: ProbeRequest): Promise<ProbeAnswer> {
  const engine = engines[name];
  await engine.load(settings, surroundings);
  const backend = await instantiate(engine.backend);
  if (!(await tf.setBackend(engine.backend))) throw new Error(`tfjs could not set the backend '${engine.backend}'`);
  silenceBanner();
  const device = engine.device(settings, surroundings);
  let trainingProblem: string | null = null;
  try {
    await probe(engine.backend, backend, 'training');
  } catch (error) {
    if (purpose === 'training') throw error;
    await probe(engine.backend, backend, 'inference');
    trainingProblem = error instanceof Error ? error.message : String(error);
  }
  return { device, trainingProblem, speed: measure ? measureSpeed(trainingProblem === null) : null };
}

const [, , request] = process.argv;
if (request !== undefined && process.send !== undefined) {
  answer(JSON.parse(request) as ProbeRequest)
    .catch((error: unknown): ProbeAnswer => ({ problem: error instanceof Error ? error.message : String(error) }))
    // Ends at once: a driver that crashes while it is put away has given its answer.
    .then((message) => process.send?.(message, () => process.exit(0)));
}
