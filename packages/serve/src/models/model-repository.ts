/** The models of a server, by name and version. */
import { check } from '@cnnzoo/checks';
import { httpError } from '../http/http-error.js';
import { classifierRule, type ServerSettings } from '../server-options.js';
import { type OnBatch, type RunningModel, startModel } from './running-model.js';
import type { ModelSource } from './served-classifier.js';

/** One version of a model, as the index of the repository tells it. */
export interface ModelState {
  readonly name: string;
  readonly version: string;
  readonly state: 'READY' | 'LOADING' | 'UNAVAILABLE';
  /** Why it is not ready. */
  readonly reason: string;
}

export interface ModelRepository {
  readonly states: readonly ModelState[];
  readonly running: readonly RunningModel[];
  /**
   * @param version the largest that is ready where it is undefined
   * @throws HttpError 404 where there is none, 503 where it is not loaded
   */
  get(name: string, version?: string): RunningModel;
  /** The name of the model that a request means which names none: the first. */
  readonly defaultName: string;
  /** Loads a version, or takes the place of one: the new one is warm before the old one goes, which answers what it has accepted. */
  load(source: ModelSource): Promise<void>;
  /** Starts what would start with the first image, of models that there are and that will be. */
  warm(): Promise<void>;
  /** Loads what was given for this name again. @throws HttpError 404, or 400 where no function loads it */
  reload(name: string): Promise<void>;
  /** @param version all of them where it is undefined */
  unload(name: string, version?: string): Promise<void>;
  close(): Promise<void>;
}

interface Slot {
  readonly name: string;
  readonly version: string;
  source: ModelSource;
  model: RunningModel | null;
  loading: boolean;
  reason: string;
}

export function modelRepository(settings: ServerSettings, onBatch: OnBatch): ModelRepository {
  const slots: Slot[] = [];
  /** Ends of models that others have taken the place of. */
  const leaving = new Set<Promise<void>>();
  /** One change at a time, so that two loads of a version cannot leave the older one. */
  let changes: Promise<unknown> = Promise.resolve();
  let closed = false;
  let warm = false;

  function changed<T>(work: () => Promise<T>): Promise<T> {
    const change = changes.then(work);
    changes = change.catch(() => {});
    return change;
  }

  const versionsOf = (name: string) => {
    const found = slots.filter((slot) => slot.name === name);
    if (found.length === 0) throw httpError(404, 'not_found', `there is no model '${name}'`);
    // Compared as texts of digits: a larger number of digits, or the later text.
    return found.sort((a, b) => b.version.length - a.version.length || (b.version > a.version ? 1 : -1));
  };

  async function load(source: ModelSource): Promise<void> {
    if (closed) throw new Error('the server is closed');
    const { name, version = '1' } = source;
    const found = slots.find((slot) => slot.name === name && slot.version === version);
    const slot = found ?? { name, version, source, model: null, loading: true, reason: '' };
    if (found === undefined) slots.push(slot);
    slot.loading = true;
    try {
      const next = await started(source);
      if (warm) await next.warm();
      const before = slot.model;
      Object.assign(slot, { source, model: next, reason: '' });
      if (before !== null) leave(before);
    } catch (error) {
      if (slot.model === null) slot.reason = 'it could not be loaded';
      throw error;
    } finally {
      slot.loading = false;
    }
  }

  async function started({ name, version = '1', classifier }: ModelSource): Promise<RunningModel> {
    if (typeof classifier !== 'function')
      return startModel({ name, version, classifier, dispose: async () => {} }, settings, onBatch);
    const own = await classifier();
    check(`what classifier of model '${name}' loads`, own, classifierRule);
    try {
      return await startModel({ name, version, classifier: own, dispose: () => own.dispose() }, settings, onBatch);
    } catch (error) {
      await own.dispose();
      throw error;
    }
  }

  function leave(model: RunningModel): void {
    const left = model.stop().finally(() => leaving.delete(left));
    leaving.add(left);
  }

  return {
    get states() {
      return slots.map(({ name, version, model, loading, reason }): ModelState => {
        const state = model !== null ? 'READY' : loading ? 'LOADING' : 'UNAVAILABLE';
        return { name, version, state, reason: state === 'UNAVAILABLE' ? reason || 'unloaded' : '' };
      });
    },
    get running() {
      return slots.flatMap(({ model }) => model ?? []);
    },
    get defaultName() {
      return settings.models[0]?.name ?? '';
    },
    get(name, version) {
      const versions = versionsOf(name);
      if (version === undefined) {
        const ready = versions.find(({ model }) => model !== null);
        if (ready?.model) return ready.model;
        throw httpError(503, 'not_ready', `model '${name}' is not loaded`, 1);
      }
      const slot = versions.find((each) => each.version === version);
      if (slot === undefined) throw httpError(404, 'not_found', `model '${name}' has no version '${version}'`);
      if (slot.model === null)
        throw httpError(503, 'not_ready', `version ${version} of model '${name}' is not loaded`, 1);
      return slot.model;
    },
    load: (source) => changed(() => load(source)),
    warm: () =>
      changed(async () => {
        warm = true;
        await Promise.all(slots.map(({ model }) => model?.warm()));
      }),
    reload: (name) =>
      changed(async () => {
        for (const { source } of versionsOf(name)) {
          if (typeof source.classifier !== 'function')
            throw httpError(400, 'invalid', `model '${name}' was given as it is: it can be replaced in code only`);
          await load(source);
        }
      }),
    unload: (name, version) =>
      changed(async () => {
        const wanted = versionsOf(name).filter((slot) => version === undefined || slot.version === version);
        if (wanted.length === 0) throw httpError(404, 'not_found', `model '${name}' has no version '${version}'`);
        for (const slot of wanted) {
          const { model } = slot;
          slot.model = null;
          slot.reason = 'unloaded';
          if (model !== null) leave(model);
        }
      }),
    async close() {
      closed = true;
      await changes;
      for (const slot of slots) if (slot.model !== null) leave(slot.model);
      await Promise.all(leaving);
    },
  };
}
