/**
 * The engine: collects what is live and pending, compiles it as one graph, runs it, and gives every node its value. It knows
 * nothing of tfjs (../tfjs) and nothing of single kernels (../kernels).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../graph/at.js';
import type { EmissionOptions } from '../graph/emission.js';
import type { FormQuestion, Winners } from '../graph/forms.js';
import type { LazyNode, Value } from '../graph/node.js';
import type { ReplicaThread } from '../replicas/replica-thread.js';
import { replicatedGraph } from '../replicas/replicated-graph.js';
import { SharedValues } from '../replicas/shared-values.js';
import type { Runtime, SessionOptions } from '../runtime/runtime.js';
import { BufferPool } from './buffer-pool.js';
import { type CompiledGraph, compile, emit, emitMoved, relayoutFilters } from './compile.js';
import { ConstantWeights } from './constant-weights.js';
import { DeviceMemory } from './device-memory.js';
import { failureOf, independentRoots, spreadFailures } from './failures.js';
import { deviceGraph, type GraphSession, hostGraph } from './graph-session.js';
import { type GateOperations, type Recomputation, recomputed } from './recompute.js';
import { type CachedSession, SessionCache } from './session-cache.js';
import { isSmall, sessionBytes } from './session-size.js';
import { type EngineStats, noStats } from './statistics.js';
import { structuralKey, type Trace, trace } from './trace.js';

const noInputs: readonly LazyNode[] = [];

/** Graphs whose weights are watched. */
const observedGraphs = 256;

export interface EngineOptions extends SessionOptions {
  /** Memory of compiled graphs that are kept. */
  readonly sessionBytes: number;
  /** A folder to which each graph is written as an .onnx file. */
  readonly dump?: string | undefined;
  /** How graphs are written. */
  readonly graph: EmissionOptions;
  readonly gate: GateOperations;
}

export class Engine {
  readonly stats: EngineStats = noStats();
  /** Keeps retired buffers from being used again: nodes that are recorded but not computed read them. */
  holdBuffers = false;
  /** What a user calls a value, such as a layer's weight: errors name it. */
  nameOf: (value: Value) => string | null = () => null;
  /** Whether weights may become constants of graphs. A graph rounds otherwise then. */
  mayUseConstants: () => boolean = () => true;
  /** Whether training steps keep few activations and compute the others again. */
  mayRecompute: () => boolean = () => false;
  readonly pool = new BufferPool();
  /** How many trainings have replicas at present. */
  replications = 0;
  /** Is told of each convolution that could have another form, as a graph is written. */
  onFormQuestion: (question: FormQuestion) => void = () => {};
  readonly #runtime: Runtime;
  readonly #options: EngineOptions;
  /** Which forms operations have, and the same as a part of graphs' keys. */
  #winners: Winners = new Map();
  #winnersText = '';
  readonly #variables: () => ReadonlySet<Value>;
  /** Null where all values are in host memory. */
  readonly #deviceMemory: DeviceMemory | null;
  readonly #cache: SessionCache;
  readonly #constants: ConstantWeights;
  /** Buffers of disposed tensors: pending nodes may still read them, so they are free only after the next run. */
  #retired: Value[] = [];
  readonly #shared = new SharedValues();
  /** Graphs that other threads compute at present. Should one fail, its nodes are computed from what they read, which must still be there. */
  #elsewhere = 0;

  /** @param variables finds the values that the user's variables have now */
  constructor(runtime: Runtime, options: EngineOptions, variables: () => ReadonlySet<Value> = () => new Set()) {
    this.#runtime = runtime;
    this.#options = options;
    this.#variables = variables;
    this.#cache = new SessionCache(options.sessionBytes);
    this.#constants = new ConstantWeights(observedGraphs);
    this.#deviceMemory = runtime.createDeviceSession === null ? null : new DeviceMemory(runtime, options, this.stats);
  }

  /** How its graphs are written. */
  get graphOptions(): EmissionOptions {
    return this.#options.graph;
  }

  /** Compiled graphs are compiled again when they are needed. */
  forgetGraphs(): void {
    this.#cache.clear();
  }

  get threads(): number {
    return this.#options.threads;
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  /** Names of forms by the keys of operations: where there are none, rules choose. */
  get winners(): Winners {
    return this.#winners;
  }

  set winners(winners: Winners) {
    this.#winners = winners;
    this.#winnersText = winners.size === 0 ? '' : `${[...winners].sort().join()} `;
    this.stats.tunedConvolutions = winners.size;
  }

  /** A tensor that had this value is gone. */
  release(value: Value): void {
    value.users--;
    if (value.users > 0) return;
    this.#constants.release(value);
    this.stats.constantGraphs = this.#constants.count;
    this.#shared.release(value);
    if (value.pooled || value.device !== undefined) this.#retired.push(value);
  }

  /**
   * Computes all given nodes in one run.
   * @param nodes nodes without a value; a node that cannot be computed gets a `failure` instead of a value
   * @param trains whether they belong to a training step
   * @param settle called when values and failures are there, and values that nobody uses any more still are
   * @param share how many parts of a step are computed at the same time, each with as many of the threads
   */
  compute(nodes: readonly LazyNode[], trains = false, settle: () => void = () => {}, share = 1): void {
    const roots = nodes.filter((node) => node.failure === null);
    if (roots.length > 0) this.#run(trace(roots, trains), share);
    settle();
    if (!this.holdBuffers && this.#elsewhere === 0) {
      for (const value of this.#retired) if (value.users <= 0) this.#free(value);
      this.#retired = [];
    }
    this.pool.endFlush();
    this.#constants.endFlush();
    this.stats.constantGraphs = this.#constants.count;
  }

  /**
   * Begins to compute a part of a training step in another thread.
   * @returns the nodes that have got their values so; others are still to be computed
   */
  async computeElsewhere(
    nodes: readonly LazyNode[],
    thread: ReplicaThread,
    share: number,
  ): Promise<ReadonlySet<LazyNode>> {
    const traced = trace(nodes, true);
    const computed = new Set<LazyNode>();
    this.#elsewhere++;
    try {
      if (traced.order.some(({ failure }) => failure !== null)) return computed;
      const { session } = this.#sessionOf(traced, share);
      const values = (await session.start?.(traced, thread)) ?? [];
      values.forEach((value, i) => {
        const root = at(traced.roots, i);
        // Something has read it meanwhile.
        if (root.value !== null) this.#free(value);
        else {
          root.value = value;
          root.inputs = noInputs;
          computed.add(root);
        }
      });
      this.stats.elsewhere++;
    } catch {
      // Computed in this thread it fails again, and says which operation it was, or goes well where only the thread was lost.
    } finally {
      this.#elsewhere--;
      if (this.#elsewhere === 0) this.#shared.endStep();
    }
    return computed;
  }

  /** Waits until everything that was computed is there, on devices that work on their own. */
  wait(): void {
    this.#deviceMemory?.wait();
  }

  #free(value: Value): void {
    if (this.#deviceMemory !== null) this.#deviceMemory.free(value);
    else if (value.pooled && !Array.isArray(value.data)) this.pool.give(value.data);
  }

  #run(traced: Trace, share: number): void {
    if (traced.order.some(({ failure }) => failure !== null)) {
      this.#runWithoutFailed(traced, share);
      return;
    }
    const { stats } = this;
    let values: readonly Value[];
    try {
      const { session } = this.#sessionOf(traced, share);
      const start = performance.now();
      values = session.run(traced);
      stats.runTime += performance.now() - start;
    } catch (error) {
      this.#fail(traced, share, error);
      return;
    }
    traced.roots.forEach((root, i) => {
      root.value = at(values, i);
    });
    // Values are the end of their history: let go of it. Nothing that is alive reads the nodes between, which have none.
    for (const root of traced.roots) root.inputs = noInputs;
  }

  #sessionOf(traced: Trace, share: number): CachedSession {
    const { stats } = this;
    const start = performance.now();
    // On a device the memory is its own, and so is the order of the work.
    const recompute = this.#deviceMemory === null && traced.trains && this.mayRecompute();
    const key = this.#keyOf(traced, share, recompute);
    stats.traceTime += performance.now() - start;
    stats.nodes = traced.order.length;
    const found = this.#cache.get(key);
    return found === undefined ? this.#missing(key, traced, share, recompute) : this.#found(key, traced, found);
  }

  /** The same step has another graph where it computes activations again, or its convolutions have other forms, or it shares the threads. */
  #keyOf(traced: Trace, share: number, recompute: boolean): string {
    const key = structuralKey(traced);
    if (share === 1 && !recompute && this.#winnersText === '') return key;
    return `${share === 1 ? '' : `share ${share} `}${recompute ? 'recompute ' : ''}${this.#winnersText}${key}`;
  }

  /** How a graph for this runtime is written, in which weights are no constants. */
  #graphOptions(): EmissionOptions {
    const forms = { winners: this.#winners, asked: this.onFormQuestion };
    return { ...this.#options.graph, forms };
  }

  /** The graph is there already: it runs, or the same with its weights as constants. */
  #found(key: string, traced: Trace, session: CachedSession): CachedSession {
    this.stats.cacheHits++;
    // On a device the weights stay where they are: as constants they would come to the host and be there twice.
    if (this.#deviceMemory !== null || traced.trains || !this.mayUseConstants()) return session;
    return (
      this.#constants.sessionFor(key, traced, this.#variables, (constants) => this.#withConstants(traced, constants)) ??
      session
    );
  }

  /** Compiles a graph. Where its filters move it may be there already. */
  #missing(key: string, traced: Trace, share: number, recompute: boolean): CachedSession {
    const { written, emitted, moved } = this.#compiling(() => {
      const written: Recomputation = (recompute ? recomputed(traced, this.#options.gate) : null) ?? { trace: traced };
      const graph = emit(written, this.#graphOptions());
      return { written, emitted: graph, moved: relayoutFilters(written.trace, graph) };
    });
    const now = moved.size === 0 ? key : this.#keyOf(traced, share, recompute);
    const found = moved.size === 0 ? undefined : this.#cache.get(now);
    if (found !== undefined) return this.#found(now, traced, found);
    return this.#cached(
      now,
      this.#compiling(() => {
        if (moved.size > 0) emitMoved(written, emitted, moved);
        return this.#load(traced, compile(written.trace, emitted), share);
      }),
    );
  }

  #withConstants(traced: Trace, constants: ReadonlySet<number>): CachedSession {
    // onnxruntime blocks filters by itself where they are constants.
    const options = { ...this.#options.graph, block: 0 };
    return this.#compiling(() => this.#load(traced, compile(traced, emit({ trace: traced }, options, constants)), 1));
  }

  #cached(key: string, session: CachedSession): CachedSession {
    this.#cache.set(key, session);
    this.stats.sessions = this.#cache.size;
    this.stats.sessionBytes = this.#cache.bytes;
    return session;
  }

  /** Counts the time that something takes as spent in compiling. */
  #compiling<T>(work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.stats.compileTime += performance.now() - start;
    }
  }

  #load(traced: Trace, graph: CompiledGraph, share: number): CachedSession {
    const { dump } = this.#options;
    if (dump !== undefined) {
      mkdirSync(dump, { recursive: true });
      writeFileSync(join(dump, `graph-${this.stats.compilations}.onnx`), graph.model);
    }
    const { trains } = traced;
    const { profile } = this.#options;
    // Between graphs its threads leave the processors to those of the parts.
    const yields = share === 1 && this.replications > 0;
    const threads = isSmall(traced) ? 1 : Math.max(1, Math.floor(this.#options.threads / share));
    const session = this.#sessionFor(traced, graph, { profile, yields, trains, threads }, share);
    this.stats.compilations++;
    return { session, bytes: sessionBytes(traced, graph.model.byteLength) };
  }

  #sessionFor(traced: Trace, graph: CompiledGraph, options: SessionOptions, share: number): GraphSession {
    if (this.#deviceMemory !== null) return deviceGraph(this.#deviceMemory, graph, options);
    if (share === 1) return hostGraph(this.#runtime, this.pool, graph, options);
    return replicatedGraph(this.#runtime, this.pool, this.#shared, traced, graph, options);
  }

  /** Computes what does not depend on nodes that have failed. */
  #runWithoutFailed({ order, roots, trains }: Trace, share: number): void {
    spreadFailures(order, this.#nameOfLeaf);
    const rest = roots.filter(({ failure }) => failure === null);
    if (rest.length > 0) this.#run(trace(rest, trains), share);
  }

  /**
   * Blames the node that the runtime names, and computes the rest. Where it names none, what has nothing to do with each other is
   * computed in graphs of its own, and the one that fails then fails alone.
   */
  #fail(traced: Trace, share: number, cause: unknown): void {
    const { order, roots, trains } = traced;
    const message = cause instanceof Error ? cause.message : String(cause);
    const named = /(\w+)#(\d+)\//.exec(message);
    const guilty = named ? order[Number(named[2])] : undefined;
    const groups = guilty === undefined ? independentRoots(order, roots) : [];
    if (groups.length > 1) {
      for (const group of groups) this.#run(trace(group, trains), share);
      return;
    }
    const failure = failureOf(guilty, message, cause, this.#nameOfLeaf);
    for (const node of guilty === undefined ? order : [guilty]) node.failure = failure;
    this.#runWithoutFailed(traced, share);
  }

  readonly #nameOfLeaf = ({ value }: LazyNode): string | null => (value === null ? null : this.nameOf(value));

  dispose(): void {
    this.#cache.clear();
    this.#constants.clear();
    this.pool.clear();
    this.#deviceMemory?.dispose();
    this.#retired = [];
  }
}
