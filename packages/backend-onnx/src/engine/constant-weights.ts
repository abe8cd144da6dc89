/**
 * Makes weights constants of a graph by itself. onnxruntime runs a graph faster whose weights it knows: it folds batch norm,
 * reorders filters once for its blocked kernels and packs matrices. That takes a compilation and one more copy of the weights, so
 * it is done only for graphs that have met the same values of all their variables a few times, and undone when one changes. Never for
 * training steps, not even where most of the network is frozen: a run resumed in another process must give the same bits.
 *
 * Values are never written to once they are computed, so a weight that has changed is another `Value`. They are compared by number
 * here, not held: a weight that is gone must not stay in memory because a graph has seen it.
 */
import { at } from '../graph/at.js';
import type { LazyNode, Value } from '../graph/node.js';
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

function numberOf({ name, value }: LazyNode): number {
  if (value === null) throw new Error(`${name} has no value that a graph could read`);
  let number = numbers.get(value);
  if (number === undefined) {
    number = values++;
    numbers.set(value, number);
  }
  return number;
}

/** What is known of a graph's weights. They are leaves of the graph, by index. */
type State =
  /** Which leaves are weights shows once one of them has been the same twice. */
  | { readonly name: 'unknown'; readonly runs: number }
  /** It has no weights, and stays as it is. */
  | { readonly name: 'weightless' }
  /** They have been the same for this many runs in a row. */
  | { readonly name: 'watched'; readonly weights: readonly number[]; readonly runs: number }
  /** They are constants of a graph of their own. */
  | { readonly name: 'constant'; readonly weights: readonly number[]; readonly graph: ConstantGraph };

interface Observation {
  /** The values of the leaves in the last run; null before the first one. */
  leaves: readonly number[] | null;
  state: State;
  /** Runs in a row with the same weights after which they become constants. */
  patience: number;
}

interface ConstantGraph {
  readonly owner: Observation;
  readonly weights: readonly number[];
  /** The weights' values. */
  readonly values: readonly number[];
  readonly compiled: CachedSession;
  lastRun: number;
}

/** The run of a graph that is asked about. */
interface Run {
  readonly trace: Trace;
  readonly leaves: readonly number[];
  /** Finds the values of all variables. */
  readonly variables: () => ReadonlySet<Value>;
  /** Compiles the graph with these leaves as constants. */
  readonly compile: (constants: ReadonlySet<number>) => CachedSession;
}

/** Says of leaves whether they are weights: variables, or, as a GraphModel's weights are no variables, what is read as weights are. */
function weightTest({ trace, variables }: Run): { isVariable(index: number): boolean; isRead(index: number): boolean } {
  const all = variables();
  const positions = weightPositions(trace);
  return {
    isVariable: (index) => {
      const value = trace.leaves[index]?.value;
      return value != null && all.has(value);
    },
    isRead: (index) => positions.has(index),
  };
}

export class ConstantWeights {
  readonly #capacity: number;
  readonly #observations = new Map<string, Observation>();
  /** For each value that is a constant somewhere, the graph in which it is. Weights are compiled in once, not for each batch size. */
  readonly #graphs = new Map<number, ConstantGraph>();
  /** Graphs with constants that are there now. */
  readonly #all = new Set<ConstantGraph>();
  #flush = 0;

  /** @param capacity graphs that are observed */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Graphs with constants that are there now. */
  get count(): number {
    return this.#all.size;
  }

  /**
   * To be asked before each run of a graph that is compiled already.
   * @param variables finds the values of all variables
   * @param compile compiles the graph with these leaves as constants
   * @returns the graph with constants, or null where it is to run as it is
   */
  sessionFor(key: string, trace: Trace, variables: Run['variables'], compile: Run['compile']): CachedSession | null {
    const observation = this.#observe(key);
    const run = { trace, leaves: trace.leaves.map(numberOf), variables, compile };
    const before = observation.leaves;
    observation.leaves = run.leaves;
    if (before === null) return null;
    const isSame = (index: number): boolean => run.leaves[index] === before[index];
    if (observation.state.name === 'unknown') observation.state = this.#learned(observation.state, run, isSame);
    const { state } = observation;
    if (state.name === 'unknown' || state.name === 'weightless') return null;
    if (!state.weights.every(isSame)) {
      if (state.name === 'constant') this.#drop(state.graph);
      else observation.state = { ...state, runs: 0 };
      return null;
    }
    if (state.name === 'watched')
      observation.state = this.#waited(observation, { ...state, runs: state.runs + 1 }, run);
    return observation.state.name === 'constant' ? this.#ran(observation.state.graph) : null;
  }

  #ran(graph: ConstantGraph): CachedSession {
    graph.lastRun = this.#flush;
    return graph.compiled;
  }

  /** From 'unknown' to 'watched' or 'weightless', once a leaf has been the same twice. */
  #learned(state: State & { name: 'unknown' }, run: Run, isSame: (index: number) => boolean): State {
    const indices = [...run.leaves.keys()];
    if (!indices.some(isSame)) return { ...state, runs: 0 };
    const { isVariable, isRead } = weightTest(run);
    const weights = indices.filter((index) => isVariable(index) || (isRead(index) && isSame(index)));
    return weights.length === 0 ? { name: 'weightless' } : { name: 'watched', weights, runs: state.runs };
  }

  /** From 'watched' to 'constant', once the weights have been the same for long enough and no other graph needs them. */
  #waited(owner: Observation, state: State & { name: 'watched' }, run: Run): State {
    const { weights, runs } = state;
    if (runs < owner.patience) return state;
    const constants = weights.map((index) => at(run.leaves, index));
    if (!this.#takeOver(constants)) return state;
    const { isVariable, isRead } = weightTest(run);
    // What was a variable once may be none now: look again.
    if (!weights.every((index) => isVariable(index) || isRead(index))) return { name: 'unknown', runs };
    const compiled = run.compile(new Set(weights));
    const graph = { owner, weights, values: constants, compiled, lastRun: this.#flush };
    for (const value of constants) this.#graphs.set(value, graph);
    this.#all.add(graph);
    return { name: 'constant', weights, graph };
  }

  #observe(key: string): Observation {
    const observation = this.#observations.get(key) ?? { leaves: null, state: { name: 'unknown', runs: 0 }, patience };
    this.#observations.delete(key);
    this.#observations.set(key, observation);
    for (const [oldest, { state }] of this.#observations) {
      if (this.#observations.size <= this.#capacity) break;
      if (state.name === 'constant') this.#drop(state.graph);
      this.#observations.delete(oldest);
    }
    return observation;
  }

  /** Whether no other graph needs these values as constants; one that has not run lately makes room. */
  #takeOver(constants: readonly number[]): boolean {
    const others = new Set(constants.flatMap((value) => this.#graphs.get(value) ?? []));
    for (const other of others) if (this.#flush - other.lastRun < yieldFlushes) return false;
    for (const other of others) this.#drop(other);
    return true;
  }

  /** A value that no tensor has any more. */
  release(value: Value): void {
    const number = numbers.get(value);
    const graph = number === undefined ? undefined : this.#graphs.get(number);
    if (graph) this.#drop(graph);
  }

  /** Ends a flush: lets go of graphs that have not run for long. */
  endFlush(): void {
    this.#flush++;
    for (const graph of this.#all) if (this.#flush - graph.lastRun > idleFlushes) this.#drop(graph);
  }

  /** From 'constant' back to 'watched', with more patience. */
  #drop(graph: ConstantGraph): void {
    const { owner, weights } = graph;
    for (const value of graph.values) this.#graphs.delete(value);
    owner.state = { name: 'watched', weights, runs: 0 };
    owner.patience *= impatienceGrowth;
    this.#all.delete(graph);
    graph.compiled.session.dispose();
  }

  clear(): void {
    for (const graph of this.#all) this.#drop(graph);
    this.#observations.clear();
  }
}
