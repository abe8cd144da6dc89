/** Goes through the engines until one works. */
import type { EngineName, Trial } from './engine-name.js';
import type { Engine, EngineSettings, Obstacle } from './engines/engine.js';
import { engines } from './engines/index.js';
import { appFolders } from './find-package.js';
import { gpuHardware } from './gpu-hardware.js';
import { probeApart } from './isolated-probe.js';
import { type Purpose, probe } from './probe.js';
import { instantiate, isLoaded, silenceBanner, unload } from './tfjs-registry.js';

/** An engine that was not taken. */
export interface RejectedEngine extends Obstacle {
  readonly engine: EngineName;
}

export interface SelectedEngine {
  readonly engine: Engine;
  readonly device: string;
  readonly rejected: readonly RejectedEngine[];
}

/** A fault with two places for the same thing, which a general remedy does not help. */
function remedyFor(problem: string, { remedy, packageName }: Engine): string {
  if (problem.startsWith('two copies of tfjs-core'))
    return `install the version of @tensorflow/tfjs-core that ${packageName} needs, so that one copy is left: npm dedupe, and npm ls @tensorflow/tfjs-core`;
  return remedy;
}

/**
 * Loads the first engine that works, and leaves tfjs's current backend as it is.
 * @throws Error saying what is wrong with each, where none works
 */
export async function selectEngine(
  trials: readonly Trial[],
  purpose: Purpose,
  settings: EngineSettings,
): Promise<SelectedEngine> {
  const folders = appFolders();
  const gpu = gpuHardware();
  const rejected: RejectedEngine[] = [];
  for (const { engine: name, requested } of trials) {
    const engine = engines[name];
    const surroundings = { folders, gpu, requested };
    try {
      const obstacle = engine.obstacle(surroundings);
      if (obstacle !== null) {
        rejected.push({ engine: name, ...obstacle });
        continue;
      }
      if (engine.isolated && !isLoaded(engine.backend, name)) {
        const answer = await probeApart({ engine: name, purpose, settings, surroundings, measure: false });
        if ('problem' in answer) throw new Error(answer.problem);
      }
      await engine.load(settings, surroundings);
      const backend = await instantiate(engine.backend);
      silenceBanner();
      if (!engine.isolated) await probe(engine.backend, backend, purpose);
      const device = engine.device(settings, surroundings);
      return { engine, device, rejected };
    } catch (error) {
      unload(engine.backend, name);
      const reason = error instanceof Error ? error.message : String(error);
      rejected.push({ engine: name, reason, remedy: remedyFor(reason, engine) });
    }
  }
  const reasons = rejected.map(({ engine, reason }) => `${engine}: ${reason}`);
  throw new Error(`no engine works here: ${reasons.join('; ')}`);
}
