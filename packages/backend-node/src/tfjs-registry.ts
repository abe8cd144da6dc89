/** tfjs's registry of backends, in the ways that its public functions do not offer. */
import * as tf from '@tensorflow/tfjs-core';
import type { EngineName } from './engine-name.js';

/** Factories that only stand for an engine that is loaded later: see auto.ts. */
const placeholders = new WeakSet<object>();
/** Which engine each backend was loaded for. */
const loadedFor = new Map<string, EngineName>();

/** Registers a backend that is chosen and loaded when tfjs wants it. Does nothing where the name is taken. */
export function registerPlaceholder(backend: string, factory: () => Promise<tf.KernelBackend>, priority: number): void {
  if (tf.findBackendFactory(backend) != null) return;
  placeholders.add(factory);
  tf.registerBackend(backend, factory, priority);
}

/**
 * Loads what registers a backend of tfjs, unless it was loaded for the same engine before.
 * @param load registers a factory under the name `backend`
 * @throws Error where another engine of this name holds tensors, or where `load` throws
 */
export async function loadOnce(backend: string, engine: EngineName, load: () => void | Promise<void>): Promise<void> {
  const { registry, registryFactory } = tf.engine();
  const previous = registryFactory[backend];
  const placeholder = previous !== undefined && placeholders.has(previous.factory);
  if (previous !== undefined && !placeholder) {
    // Loaded by the app itself: it has chosen options, and they stay.
    if ((loadedFor.get(backend) ?? engine) === engine) return;
    const tensors = registry[backend]?.numDataIds() ?? 0;
    if (tensors > 0)
      throw new Error(
        `the backend '${backend}' is in use for ${loadedFor.get(backend)} and holds ${tensors} tensors: dispose them first`,
      );
    tf.removeBackend(backend);
    loadedFor.delete(backend);
  }
  if (placeholder) delete registryFactory[backend];
  try {
    await load();
    loadedFor.set(backend, engine);
  } finally {
    // tfjs goes through the names that it has seen: each must stay known.
    if (placeholder && registryFactory[backend] === undefined) registryFactory[backend] = previous;
  }
}

export function isLoaded(backend: string, engine: EngineName): boolean {
  return loadedFor.get(backend) === engine && tf.findBackendFactory(backend) != null;
}

/** Takes away an engine that was loaded and does not work. */
export function unload(backend: string, engine: EngineName): void {
  if (loadedFor.get(backend) !== engine) return;
  loadedFor.delete(backend);
  if (tf.findBackendFactory(backend) != null) tf.removeBackend(backend);
}

/**
 * The backend of this name, made where it is not there yet, without setting it: `tf.setBackend` finds it then. Unlike
 * `tf.findBackend` it waits for backends that take time.
 */
export async function instantiate(backend: string): Promise<tf.KernelBackend> {
  const { registry } = tf.engine();
  const made = registry[backend];
  if (made !== undefined) return made;
  const factory = tf.findBackendFactory(backend);
  if (factory == null) throw new Error(`the backend '${backend}' did not register itself`);
  const instance = await factory();
  registry[backend] = instance;
  return instance;
}

/** tfjs's cpu backend advertises tfjs-node at its first use in Node. */
export function silenceBanner(): void {
  if (tf.findBackendFactory('cpu') == null) return;
  const cpu: (tf.KernelBackend & { firstUse?: boolean }) | null = tf.findBackend('cpu');
  if (cpu !== null) cpu.firstUse = false;
}
