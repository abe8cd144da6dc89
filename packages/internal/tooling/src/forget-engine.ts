/**
 * Vitest's setup of each test file. Files share a process, because importing tfjs and onnxruntime anew takes longer than most tests; each finds
 * tfjs's engine as the first one did: what a file registered, set and left behind is gone after it. Only the cpu backend stays, which registers
 * itself when it is imported, and that happens once.
 */
import { afterAll } from 'vitest';

/** What is needed of tfjs's engine. Every copy of tfjs-core finds it here. */
interface Engine {
  readonly registryFactory: Readonly<Record<string, unknown>>;
  removeBackend(name: string): void;
  reset(): void;
}

afterAll(() => {
  const { _tfengine: engine } = globalThis as { _tfengine?: Engine };
  if (engine === undefined) return;
  for (const name of Object.keys(engine.registryFactory)) if (name !== 'cpu') engine.removeBackend(name);
  engine.reset();
});
