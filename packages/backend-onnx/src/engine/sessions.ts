/** Compiled graphs: finds the one of a trace, or writes and loads it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmissionOptions } from '../graph/emission.js';
import type { FormQuestion, Winners } from '../graph/forms.js';
import type { Value } from '../graph/node.js';
import { replicatedGraph } from '../replicas/replicated-graph.js';
import type { SharedValues } from '../replicas/shared-values.js';
import type { Runtime, SessionOptions } from '../runtime/runtime.js';
import type { BufferPool } from './buffer-pool.js';
import { type CompiledGraph, compile, emit, emitMoved, relayoutFilters } from './compile.js';
import { ConstantWeights } from './constant-weights.js';
import type { DeviceMemory } from './device-memory.js';
import { deviceGraph, type GraphSession, hostGraph } from './graph-session.js';
import { type GateOperations, type Recomputation, recomputed } from './recompute.js';
import { type CachedSession, SessionCache } from './session-cache.js';
import { isSmall, sessionBytes } from './session-size.js';
import type { EngineStats } from './statistics.js';
import { structuralKey, type Trace } from './trace.js';

/** Graphs whose weights are watched. */
const observedGraphs = 256;

export interface SessionsOptions extends SessionOptions {
  /** Memory of compiled graphs that are kept. */
  readonly sessionBytes: number;
  /** A folder to which each graph is written as an .onnx file. */
  readonly dump?: string | undefined;
  /** How graphs are written. */
  readonly graph: EmissionOptions;
  readonly gate: GateOperations;
}

/** Where graphs run and what they read and write. */
interface Machine {
  readonly runtime: Runtime;
  readonly pool: BufferPool;
  /** What replicas read. */
  readonly shared: SharedValues;
  /** Null where all values are in host memory. */
  readonly deviceMemory: DeviceMemory | null;
  /** The values that the user's variables have now. */
  readonly variables: () => ReadonlySet<Value>;
}

export class Sessions {
  /** Whether weights may become constants of graphs. A graph rounds otherwise then. */
  mayUseConstants: () => boolean = () => true;
  /** Whether training steps keep few activations and compute the others again. */
  mayRecompute: () => boolean = () => false;
  /** Is told of each convolution that could have another form, as a graph is written. */
  onFormQuestion: (question: FormQuestion) => void = () => {};
  /** How many trainings have replicas at present. */
  replications = 0;
  /** Which forms operations have, and the same as a part of graphs' keys. */
  #winners: Winners = new Map();
  #winnersText = '';
  readonly #machine: Machine;
  readonly #options: SessionsOptions;
  readonly #stats: EngineStats;
  readonly #cache: SessionCache;
  readonly #constants = new ConstantWeights(observedGraphs);

  constructor(machine: Machine, options: SessionsOptions, stats: EngineStats) {
    this.#machine = machine;
    this.#options = options;
    this.#stats = stats;
    this.#cache = new SessionCache(options.sessionBytes);
  }

  /** Names of forms by the keys of operations: where there are none, rules choose. */
  get winners(): Winners {
    return this.#winners;
  }

  set winners(winners: Winners) {
    this.#winners = winners;
    this.#winnersText = winners.size === 0 ? '' : `${[...winners].sort().join()} `;
    this.#stats.tunedConvolutions = winners.size;
  }

  /** Compiled graphs are compiled again when they are needed. */
  forget(): void {
    this.#cache.clear();
  }

  /** A value is gone, and the constants that it became. */
  release(value: Value): void {
    this.#constants.release(value);
    this.#stats.constantGraphs = this.#constants.count;
  }

  endFlush(): void {
    this.#constants.endFlush();
    this.#stats.constantGraphs = this.#constants.count;
  }

  dispose(): void {
    this.#cache.clear();
    this.#constants.clear();
  }

  /** The compiled graph of a trace. */
  of(traced: Trace): GraphSession {
    const stats = this.#stats;
    const start = performance.now();
    // On a device the memory is its own, and so is the order of the work.
    const recompute = this.#machine.deviceMemory === null && traced.trains && this.mayRecompute();
    const key = this.#keyOf(traced, recompute);
    stats.traceTime += performance.now() - start;
    stats.nodes = traced.order.length;
    const found = this.#cache.get(key);
    const { session } = found === undefined ? this.#missing(key, traced, recompute) : this.#found(key, traced, found);
    return session;
  }

  /** Whether threads of a graph that is no part sleep between its runs, because those of the parts need the processors. */
  #sleeps({ share }: Trace): boolean {
    return share === 1 && this.replications > 0;
  }

  /** The same step has another graph where it computes activations again, or its convolutions have other forms, or its threads are others. */
  #keyOf(traced: Trace, recompute: boolean): string {
    const key = structuralKey(traced);
    const { share } = traced;
    const threads = share > 1 ? `share ${share} ` : this.#sleeps(traced) ? 'sleeping ' : '';
    if (threads === '' && !recompute && this.#winnersText === '') return key;
    return `${threads}${recompute ? 'recompute ' : ''}${this.#winnersText}${key}`;
  }

  /** How a graph for this runtime is written, in which weights are no constants. */
  #graphOptions(): EmissionOptions {
    const forms = { winners: this.#winners, asked: this.onFormQuestion };
    return { ...this.#options.graph, forms };
  }

  /** The graph is there already: it runs, or the same with its weights as constants. */
  #found(key: string, traced: Trace, session: CachedSession): CachedSession {
    this.#stats.cacheHits++;
    // On a device the weights stay where they are: as constants they would come to the host and be there twice.
    if (this.#machine.deviceMemory !== null || traced.trains || !this.mayUseConstants()) return session;
    return (
      this.#constants.sessionFor(key, traced, this.#machine.variables, (constants) =>
        this.#withConstants(traced, constants),
      ) ?? session
    );
  }

  /** Compiles a graph. Where its filters move it may be there already. */
  #missing(key: string, traced: Trace, recompute: boolean): CachedSession {
    const { written, emitted, moved } = this.#compiling(() => {
      const written: Recomputation = (recompute ? recomputed(traced, this.#options.gate) : null) ?? { trace: traced };
      const graph = emit(written, this.#graphOptions());
      return { written, emitted: graph, moved: relayoutFilters(written.trace, graph) };
    });
    const now = moved.size === 0 ? key : this.#keyOf(traced, recompute);
    const found = moved.size === 0 ? undefined : this.#cache.get(now);
    if (found !== undefined) return this.#found(now, traced, found);
    return this.#cached(
      now,
      this.#compiling(() => {
        if (moved.size > 0) emitMoved(written, emitted, moved);
        return this.#load(traced, compile(written.trace, emitted));
      }),
    );
  }

  #withConstants(traced: Trace, constants: ReadonlySet<number>): CachedSession {
    // onnxruntime blocks filters by itself where they are constants.
    const options = { ...this.#options.graph, block: 0 };
    return this.#compiling(() => this.#load(traced, compile(traced, emit({ trace: traced }, options, constants))));
  }

  #cached(key: string, session: CachedSession): CachedSession {
    this.#cache.set(key, session);
    this.#stats.sessions = this.#cache.size;
    this.#stats.sessionBytes = this.#cache.bytes;
    return session;
  }

  /** Counts the time that something takes as spent in compiling. */
  #compiling<T>(work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.#stats.compileTime += performance.now() - start;
    }
  }

  #load(traced: Trace, graph: CompiledGraph): CachedSession {
    const { dump } = this.#options;
    if (dump !== undefined) {
      mkdirSync(dump, { recursive: true });
      writeFileSync(join(dump, `graph-${this.#stats.compilations}.onnx`), graph.model);
    }
    const { trains, share } = traced;
    const { profile } = this.#options;
    const yields = this.#sleeps(traced);
    const threads = isSmall(traced) ? 1 : Math.max(1, Math.floor(this.#options.threads / share));
    const session = this.#sessionFor(traced, graph, { profile, yields, trains, threads });
    this.#stats.compilations++;
    return { session, bytes: share * sessionBytes(traced, graph.model.byteLength) };
  }

  #sessionFor(traced: Trace, graph: CompiledGraph, options: SessionOptions): GraphSession {
    const { runtime, pool, shared, deviceMemory } = this.#machine;
    if (deviceMemory !== null) return deviceGraph(deviceMemory, graph, options);
    if (traced.share === 1) return hostGraph(runtime, pool, graph, options);
    return replicatedGraph(runtime, pool, shared, traced, graph, options);
  }
}
