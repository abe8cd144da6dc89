/**
 * The engine: collects what is live and pending, compiles it as one graph, runs it, and gives every node its value. It knows
 * nothing of tfjs (../tfjs) and nothing of single kernels (../kernels).
 */
import { at } from '../graph/at.js';
import type { EmissionOptions } from '../graph/emission.js';
import type { LazyNode, Value } from '../graph/node.js';
import type { ReplicaThread } from '../replicas/replica-thread.js';
import { SharedValues } from '../replicas/shared-values.js';
import type { Runtime } from '../runtime/runtime.js';
import { BufferPool } from './buffer-pool.js';
import { DeviceMemory } from './device-memory.js';
import { failureOf, independentRoots, spreadFailures } from './failures.js';
import { Sessions, type SessionsOptions } from './sessions.js';
import { type EngineStats, noStats } from './statistics.js';
import { type Trace, trace } from './trace.js';

const noInputs: readonly LazyNode[] = [];

export type EngineOptions = SessionsOptions;

export class Engine {
  readonly stats: EngineStats = noStats();
  /** Keeps retired buffers from being used again: nodes that are recorded but not computed read them. */
  holdBuffers = false;
  /** What a user calls a value, such as a layer's weight: errors name it. */
  nameOf: (value: Value) => string | null = () => null;
  readonly pool = new BufferPool();
  readonly sessions: Sessions;
  readonly #runtime: Runtime;
  readonly #options: EngineOptions;
  /** Null where all values are in host memory. */
  readonly #deviceMemory: DeviceMemory | null;
  /** Buffers of disposed tensors: pending nodes may still read them, so they are free only after the next run. */
  #retired: Value[] = [];
  readonly #shared = new SharedValues();
  /** Graphs that other threads compute at present. Should one fail, its nodes are computed from what they read, which must still be there. */
  #elsewhere = 0;

  /** @param variables finds the values that the user's variables have now */
  constructor(runtime: Runtime, options: EngineOptions, variables: () => ReadonlySet<Value> = () => new Set()) {
    this.#runtime = runtime;
    this.#options = options;
    this.#deviceMemory = runtime.createDeviceSession === null ? null : new DeviceMemory(runtime, options, this.stats);
    const { pool } = this;
    const machine = { runtime, pool, shared: this.#shared, deviceMemory: this.#deviceMemory, variables };
    this.sessions = new Sessions(machine, options, this.stats);
  }

  /** How its graphs are written. */
  get graphOptions(): EmissionOptions {
    return this.#options.graph;
  }

  get threads(): number {
    return this.#options.threads;
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  /** A tensor that had this value is gone. */
  release(value: Value): void {
    value.users--;
    if (value.users > 0) return;
    this.sessions.release(value);
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
    if (roots.length > 0) this.#run(trace(roots, trains, share));
    settle();
    if (!this.holdBuffers && this.#elsewhere === 0) {
      for (const value of this.#retired) if (value.users <= 0) this.#free(value);
      this.#retired = [];
    }
    this.pool.endFlush();
    this.sessions.endFlush();
  }

  /**
   * Begins to compute a part of a training step in another thread.
   * @returns the nodes that have got their values so; the others are still to be computed. And why the thread has failed; null where it has not
   */
  async computeElsewhere(
    nodes: readonly LazyNode[],
    thread: ReplicaThread,
    share: number,
  ): Promise<{ readonly computed: ReadonlySet<LazyNode>; readonly failure: string | null }> {
    const traced = trace(nodes, true, share);
    const computed = new Set<LazyNode>();
    this.#elsewhere++;
    try {
      if (traced.order.some(({ failure }) => failure !== null)) return { computed, failure: null };
      const { start } = this.sessions.of(traced);
      if (start === null) throw new Error(`graphs of ${this.#runtime.description} run in one thread`);
      const values = await start(traced, thread);
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
      return { computed, failure: null };
    } catch (error) {
      // Computed in this thread it fails again, and says which operation it was, or goes well where only the thread was lost.
      return { computed, failure: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#elsewhere--;
      if (this.#elsewhere === 0) this.#shared.endStep();
    }
  }

  /** Waits until everything that was computed is there, on devices that work on their own. */
  wait(): void {
    this.#deviceMemory?.wait();
  }

  #free(value: Value): void {
    if (this.#deviceMemory !== null) this.#deviceMemory.free(value);
    else if (value.pooled && !Array.isArray(value.data)) this.pool.give(value.data);
  }

  #run(traced: Trace): void {
    if (traced.order.some(({ failure }) => failure !== null)) {
      this.#runWithoutFailed(traced);
      return;
    }
    const { stats } = this;
    let values: readonly Value[];
    try {
      const session = this.sessions.of(traced);
      const start = performance.now();
      values = session.run(traced);
      stats.runTime += performance.now() - start;
    } catch (error) {
      this.#fail(traced, error);
      return;
    }
    traced.roots.forEach((root, i) => {
      root.value = at(values, i);
    });
    // Values are the end of their history: let go of it. Nothing that is alive reads the nodes between, which have none.
    for (const root of traced.roots) root.inputs = noInputs;
  }

  /** Computes what does not depend on nodes that have failed. */
  #runWithoutFailed({ order, roots, trains, share }: Trace): void {
    spreadFailures(order, this.#nameOfLeaf);
    const rest = roots.filter(({ failure }) => failure === null);
    if (rest.length > 0) this.#run(trace(rest, trains, share));
  }

  /**
   * Blames the node that the runtime names, and computes the rest. Where it names none, what has nothing to do with each other is
   * computed in graphs of its own, and the one that fails then fails alone.
   */
  #fail(traced: Trace, cause: unknown): void {
    const { order, roots, trains, share } = traced;
    const message = cause instanceof Error ? cause.message : String(cause);
    const named = /(\w+)#(\d+)\//.exec(message);
    const guilty = named ? order[Number(named[2])] : undefined;
    const groups = guilty === undefined ? independentRoots(order, roots) : [];
    if (groups.length > 1) {
      for (const group of groups) this.#run(trace(group, trains, share));
      return;
    }
    const failure = failureOf(guilty, message, cause, this.#nameOfLeaf);
    for (const node of guilty === undefined ? order : [guilty]) node.failure = failure;
    this.#runWithoutFailed(traced);
  }

  readonly #nameOfLeaf = ({ value }: LazyNode): string | null => (value === null ? null : this.nameOf(value));

  dispose(): void {
    this.sessions.dispose();
    this.pool.clear();
    this.#deviceMemory?.dispose();
    this.#retired = [];
  }
}
