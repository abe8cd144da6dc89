/**
 * Makes weights constants of a graph by itself. onnxruntime runs a graph faster whose weights it knows: it folds batch norm,
 * reorders filters once for its blocked kernels and packs matrices. That takes a compilation and one more copy of the weights, so
 * it is done only for graphs that have met the same values of all their variables a few times, and undone when one changes. Never for
 * training steps, not even where most of the network is frozen: a run resumed in another process must give the same bits.
 *
 * Values are never written to once they are computed, so a weight that has changed is another `Value`. They are compared by number
 * here, not held: a weight that is gone must not stay in memory because a graph has seen it.
 */
import type { Value } from '../graph/node.js';
import type { CachedSession } from './session-cache.js';
import type { Trace } from './trace.js';
import { weightPositions } from './weight-positions.js';

/** Runs of a graph with the same weights after which they become constants. */
const patience = 3;
/** The waiting period grows by this factor each time constants had to be undone, so that training with validation does not compile each epoch. */
const impatienceGrowth = 4;
/** A graph with constants that has not run for this many flushes is disposed. */
const idleFlushes = 64;
/**
 * Weights can be constants of one graph only. Another may take them after this many flushes; otherwise two alternating batch sizes would
 * recompile forever.
 */
const yieldFlushes = 16;

const numbers = new WeakMap<Value, number>();
let values = 0;

function numberOf(value: Value | null): number {
  if (value === null) return -1;
  let number = numbers.get(value);
  if (number === undefined) {
    number = values++;
    numbers.set(value, number);
  }
  return number;
}

/** What is known of a graph. */
interface Observation {
  /** The values of its leaves in its last run. */
  leaves: readonly number[];
  /** Which leaves are variables, found out once one leaf has been the same twice. */
  variables: readonly number[] | null;
  /** Runs in a row with the same variables. */
  stable: number;
  patience: number;
  constant: ConstantGraph | null;
}

interface ConstantGraph {
  readonly owner: Observation;
  readonly weights: readonly number[];
  readonly compiled: CachedSession;
  lastRun: number;
}

export class ConstantWeights {
  private readonly observations = new Map<string, Observation>();
  /** For each value that is a constant somewhere, the graph in which it is. Weights are compiled in once, not for each batch size. */
  private readonly graphs = new Map<number, ConstantGraph>();
  /** Graphs with constants that are there now. */
  private readonly all = new Set<ConstantGraph>();
  private flush = 0;

  /** @param capacity graphs that are observed */
  constructor(private readonly capacity: number) {}

  /** Graphs with constants that are there now. */
  get count(): number {
    return this.all.size;
  }

  /**
   * To be asked before each run of a graph that is compiled already.
   * @param variables finds the values of all variables
   * @param compile compiles the graph with these leaves as constants
   * @returns the graph with constants, or null where it is to run as it is
   */
  sessionFor(
    key: string,
    trace: Trace,
    variables: () => ReadonlySet<Value>,
    compile: (constants: ReadonlySet<number>) => CachedSession,
  ): CachedSession | null {
    const leaves = trace.leaves.map(({ value }) => numberOf(value));
    const observation = this.observe(key, leaves);
    const isVariable = (index: number, all: ReadonlySet<Value>): boolean => {
      const value = trace.leaves[index]?.value;
      return value != null && all.has(value);
    };
    // A GraphModel's weights are no variables: they are told by what reads them.
    const isWeight = (index: number, all: ReadonlySet<Value>, positions: ReadonlySet<number>): boolean =>
      positions.has(index) || isVariable(index, all);
    if (observation.variables === null) {
      const repeated = leaves.some((leaf, i) => leaf === observation.leaves[i]);
      if (repeated) {
        const all = variables();
        const positions = weightPositions(trace);
        const repeats = new Set([...positions].filter((i) => leaves[i] === observation.leaves[i]));
        observation.variables = leaves.flatMap((_, i) => (isWeight(i, all, repeats) ? [i] : []));
      }
    }
    const indices = observation.variables ?? [];
    const same = indices.length > 0 && indices.every((i) => leaves[i] === observation.leaves[i]);
    observation.leaves = leaves;
    if (!same) {
      observation.stable = 0;
      if (observation.constant) this.drop(observation.constant);
      return null;
    }
    observation.stable++;
    if (observation.constant === null && observation.stable >= observation.patience) {
      const weights = indices.map((i) => leaves[i] ?? -1);
      if (!this.takeOver(weights)) return null;
      const all = variables();
      const positions = weightPositions(trace);
      if (!indices.every((i) => isWeight(i, all, positions))) {
        // What was a variable once is none now: look again.
        observation.variables = null;
        return null;
      }
      const graph = { owner: observation, weights, compiled: compile(new Set(indices)), lastRun: this.flush };
      observation.constant = graph;
      for (const weight of weights) this.graphs.set(weight, graph);
      this.all.add(graph);
    }
    const { constant } = observation;
    if (constant === null) return null;
    constant.lastRun = this.flush;
    return constant.compiled;
  }

  private observe(key: string, leaves: readonly number[]): Observation {
    const known = this.observations.get(key);
    const observation = known ?? { leaves: [], variables: null, stable: 0, patience, constant: null };
    if (known) this.observations.delete(key);
    else observation.leaves = leaves.map(() => -2);
    this.observations.set(key, observation);
    for (const [oldest, { constant }] of this.observations) {
      if (this.observations.size <= this.capacity) break;
      if (constant) this.drop(constant);
      this.observations.delete(oldest);
    }
    return observation;
  }

  /** Whether no other graph needs these weights as constants; one that has not run lately makes room. */
  private takeOver(weights: readonly number[]): boolean {
    const others = new Set(weights.flatMap((weight) => this.graphs.get(weight) ?? []));
    for (const other of others) if (this.flush - other.lastRun < yieldFlushes) return false;
    for (const other of others) this.drop(other);
    return true;
  }

  /** A value that no tensor has any more. */
  release(value: Value): void {
    const number = numbers.get(value);
    const graph = number === undefined ? undefined : this.graphs.get(number);
    if (graph) this.drop(graph);
  }

  /** Ends a flush: lets go of graphs that have not run for long. */
  endFlush(): void {
    this.flush++;
    for (const graph of this.all) if (this.flush - graph.lastRun > idleFlushes) this.drop(graph);
  }

  private drop(graph: ConstantGraph): void {
    for (const weight of graph.weights) this.graphs.delete(weight);
    graph.owner.constant = null;
    graph.owner.stable = 0;
    graph.owner.patience *= impatienceGrowth;
    this.all.delete(graph);
    graph.compiled.session.dispose();
  }

  clear(): void {
    for (const graph of this.all) this.drop(graph);
    this.observations.clear();
  }
}
