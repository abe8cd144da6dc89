/**
 * The engine: collects what is live and pending, compiles it as one graph, runs it, and gives every node its value. It knows
 * nothing of tfjs's backend interface (backend.ts) nor of single kernels (../kernels).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphFeature, GraphOptions } from '../graph/graph-builder.js';
import type { LazyNode, Value } from '../graph/node.js';
import { probeBlock } from '../kernels/convolution/block-probe.js';
import type { Runtime, SessionOptions } from '../runtime/runtime.js';
import { BufferPool } from './buffer-pool.js';
import { compile, relayoutFilters } from './compile.js';
import { ConstantWeights } from './constant-weights.js';
import { DeviceMemory } from './device-memory.js';
import { deviceGraph, hostGraph } from './graph-session.js';
import { type CachedSession, SessionCache } from './session-cache.js';
import { type EngineStats, noStats } from './statistics.js';
import { structuralKey, type Trace, trace } from './trace.js';

const noInputs: readonly LazyNode[] = [];

export interface EngineOptions extends SessionOptions {
  /** Compiled graphs that are kept. */
  readonly sessions: number;
  /** A folder to which each graph is written as an .onnx file. */
  readonly dump?: string | undefined;
  /** What graphs do without. Default: nothing. */
  readonly without?: readonly GraphFeature[];
}

export class Engine {
  readonly stats: EngineStats = noStats();
  readonly pool = new BufferPool();
  /** Null where all values are in host memory. */
  private readonly deviceMemory: DeviceMemory | null;
  private readonly without: ReadonlySet<GraphFeature>;
  private readonly cache: SessionCache;
  private readonly constants: ConstantWeights;
  private block: number | null = null;
  /** Buffers of disposed tensors: pending nodes may still read them, so they are free only after the next run. */
  private retired: Value[] = [];
  /** Keeps retired buffers from being used again: nodes that are recorded but not computed read them. */
  holdBuffers = false;

  constructor(
    private readonly runtime: Runtime,
    private readonly options: EngineOptions,
    /** Finds the values that tfjs's variables have now. */
    private readonly variables: () => ReadonlySet<Value> = () => new Set(),
  ) {
    this.cache = new SessionCache(options.sessions);
    this.constants = new ConstantWeights(options.sessions);
    this.without = new Set(options.without);
    this.deviceMemory = runtime.createDeviceSession === null ? null : new DeviceMemory(runtime, options, this.stats);
  }

  /** A tensor that had this value is gone. */
  release(value: Value): void {
    value.users--;
    if (value.users > 0) return;
    this.constants.release(value);
    this.stats.constantGraphs = this.constants.count;
    if (value.pooled || value.device !== undefined) this.retired.push(value);
  }

  /**
   * Computes all given nodes in one run.
   * @param nodes nodes without a value; a node that cannot be computed gets a `failure` instead of a value
   * @param trains whether they are of a training step: its weights are never made constants, so that what a step computes does
   *   not depend on how often the process has seen it, and a run that goes on gives the same bits
   */
  compute(nodes: readonly LazyNode[], trains = false): void {
    const roots = nodes.filter((node) => node.failure === null);
    if (roots.length > 0) this.run(trace(roots), trains);
    if (!this.holdBuffers) {
      for (const value of this.retired) this.free(value);
      this.retired = [];
    }
    this.pool.endFlush();
    this.constants.endFlush();
    this.stats.constantGraphs = this.constants.count;
  }

  /** Waits until everything that was computed is there, on devices that work on their own. */
  wait(): void {
    this.deviceMemory?.wait();
  }

  private free(value: Value): void {
    if (this.deviceMemory !== null) this.deviceMemory.free(value);
    else if (value.pooled && !Array.isArray(value.data)) this.pool.give(value.data);
  }

  private run(traced: Trace, trains: boolean): void {
    const { stats } = this;
    let compiled: CachedSession;
    try {
      compiled = this.session(traced, trains);
    } catch (error) {
      this.fail(traced, trains, error);
      return;
    }
    let values: readonly Value[];
    const start = performance.now();
    try {
      values = compiled.session.run(traced);
    } catch (error) {
      this.fail(traced, trains, error);
      return;
    }
    stats.runTime += performance.now() - start;
    traced.roots.forEach((root, i) => {
      root.value = values[i] ?? null;
    });
    // Values are the end of their history: let go of it. Nothing that is alive reads the nodes between, which have none.
    for (const root of traced.roots) root.inputs = noInputs;
  }

  private session(traced: Trace, trains: boolean): CachedSession {
    const { stats } = this;
    const start = performance.now();
    let key = structuralKey(traced);
    stats.traceTime += performance.now() - start;
    stats.nodes = traced.order.length;
    let found = this.cache.get(key);
    if (found === undefined && relayoutFilters(traced, this.graphOptions())) {
      key = structuralKey(traced);
      found = this.cache.get(key);
    }
    if (found !== undefined) {
      stats.cacheHits++;
      const compileWith = (constants: ReadonlySet<number>) => this.compile(traced, constants);
      // On a device the weights stay where they are: as constants they would come to the host and be there twice.
      if (this.deviceMemory !== null || trains) return found;
      return this.constants.sessionFor(key, traced, this.variables, compileWith) ?? found;
    }
    const made = this.compile(traced);
    this.cache.set(key, made);
    stats.sessions = this.cache.size;
    return made;
  }

  /** @param constants leaves whose values are part of the graph */
  private compile(traced: Trace, constants?: ReadonlySet<number>): CachedSession {
    const { stats } = this;
    const start = performance.now();
    // onnxruntime blocks filters by itself where they are constants.
    const graphOptions = { ...this.graphOptions(), ...(constants === undefined ? {} : { block: 0 }) };
    const compiled = compile(traced, graphOptions, constants);
    if (this.options.dump !== undefined) {
      mkdirSync(this.options.dump, { recursive: true });
      writeFileSync(join(this.options.dump, `graph-${stats.compilations}.onnx`), compiled.model);
    }
    const session = this.deviceMemory
      ? deviceGraph(this.deviceMemory, compiled, this.options)
      : hostGraph(this.runtime, this.pool, compiled, this.options);
    stats.compilations++;
    stats.compileTime += performance.now() - start;
    return { session };
  }

  private graphOptions(): GraphOptions {
    this.block ??= this.without.has('blockedConvolution') ? 0 : probeBlock(this.runtime);
    return { block: this.block, sentinel: this.runtime.sentinel, without: this.without };
  }

  /**
   * Blames the node that the runtime names, and computes the rest. Where it names none, none can be computed.
   */
  private fail(traced: Trace, trains: boolean, cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    const named = /(\w+)#(\d+)\//.exec(message);
    const guilty = named ? traced.order[Number(named[2])] : undefined;
    const describe = (node: LazyNode) =>
      `${node.name}(${node.inputs.map(({ shape, dtype }) => `${dtype}[${shape}]`).join(', ')}) -> ${node.dtype}[${node.shape}]`;
    const failure = new Error(
      `backend onnx: ${guilty ? describe(guilty) : 'the graph'} could not be computed: ${message}`,
      { cause },
    );
    for (const node of traced.order) {
      if (guilty === undefined || node === guilty) node.failure = failure;
      else node.failure = node.inputs.find((input) => input.failure !== null)?.failure ?? null;
    }
    const rest = traced.roots.filter((root) => root.failure === null);
    if (guilty !== undefined && rest.length > 0) this.run(trace(rest), trains);
  }

  dispose(): void {
    this.cache.clear();
    this.constants.clear();
    this.pool.clear();
    this.deviceMemory?.dispose();
    this.retired = [];
  }
}
