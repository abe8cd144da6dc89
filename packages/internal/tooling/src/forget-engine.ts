/**
 * Vitest's setup of each test file. Files share a process, because importing tfjs and onnxruntime anew takes longer than most tests; each finds
 * tfjs's engine as the first one did: what a file registered, set and left behind is gone after it. Only tfjs's own backends stay: they register
 * themselves when they are imported, and that happens once. A package whose tests are
 * about that has --isolate in its script.
 */
import { afterAll } from 'vitest';

/** What is needed of tfjs's engine. Every copy of tfjs-core finds it here. */
interface Engine {
  state: { readonly constructor: unknown };
  readonly registryFactory: Readonly<Record<string, unknown>>;
  removeBackend(name: string): void;
  setBackend(name: string): Promise<boolean>;
}

const ownBackends = ['cpu', 'wasm', 'webgl', 'webgpu', 'tensorflow'];

afterAll(async () => {
  const { _tfengine: engine } = globalThis as { _tfengine?: Engine };
  if (engine === undefined) return;
  // Not reset(): it disposes of variables, whose backend may be gone.
  engine.state = new (engine.state.constructor as new () => Engine['state'])();
  for (const name of Object.keys(engine.registryFactory)) if (!ownBackends.includes(name)) engine.removeBackend(name);
  if ('cpu' in engine.registryFactory) await engine.setBackend('cpu');
});
