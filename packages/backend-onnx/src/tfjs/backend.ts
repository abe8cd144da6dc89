/** tfjs's backend interface over the engine: tensors' data, reading, memory, time, and the barrier. */

import type { BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { Engine, type EngineOptions } from '../engine/engine.js';
import { formatWinners, parseWinners } from '../engine/winners-file.js';
import type { Attributes } from '../graph/kind.js';
import { relayout } from '../graph/layout.js';
import { constant, type HostData, type LazyNode, lazyNode, placeholder, type Value } from '../graph/node.js';
import type { Operation } from '../graph/operation.js';
import { sizeOf } from '../graph/shape.js';
import type { Runtime } from '../runtime/runtime.js';
import { PendingTensors } from './pending-tensors.js';
import { type Replicas, startReplicas } from './replicas.js';
import { StepBoundary } from './step-boundary.js';
import { StepParts } from './step-parts.js';
import { isOwn, TensorData, toElements } from './tensor-data.js';
import { VariableHistory } from './variable-history.js';

/**
 * After this many recorded nodes, or bytes of results, without a read, the next step of a loop without gradients starts with a
 * flush: a user who never reads a result would otherwise record forever. Training steps always do.
 */
const flushWanted = { nodes: 1_000, bytes: 2 ** 28 };
/**
 * Here it is flushed even in the middle of a step, at the same place in each: onnxruntime takes time that grows with the square of
 * a graph's size to compile it. The steps of a ResNet-152 (9,300 nodes) and an Inception-v3 stay whole. In pieces of 4,000 the former took
 * a seventh more time, and 3.0 instead of 1.9 GB, because what one piece leaves for the next is kept outside of onnxruntime.
 */
const flushForced = 10_000;

/**
 * Whether it is a further part of a grouped convolution, which tfjs records group by group and which is compiled as one node. Counted, a
 * ResNeXt's step would be cut in the middle of its groups.
 */
function isFurtherGroup(node: LazyNode): boolean {
  const further = (part: LazyNode) =>
    part.name === 'SplitV' && part.shape.length === 4 && part.attributes['part'] !== 0;
  return further(node) || (node.name.startsWith('Conv2D') && node.inputs.every(further));
}

/** Something asked for the numbers of a placeholder, or of what comes from it. */
export class SymbolicReadError extends Error {
  override readonly name = 'SymbolicReadError';
}

/**
 * A flag of tfjs: whether weights that stay the same become constants of a graph after a few runs, which is faster and rounds otherwise. @cnnzoo/evaluate sets it
 * to false where parts of an evaluation must have the bits of the whole.
 */
const constantWeightsFlag = 'ONNX_CONSTANT_WEIGHTS';

/** A flag of tfjs: whether a training step's backward pass computes activations again instead of keeping all of them. `train` sets it. */
const recomputeFlag = 'ONNX_RECOMPUTE';

export class OnnxBackend extends tf.KernelBackend {
  readonly engine: Engine;
  /** Whether the flag ONNX_RECOMPUTE changes anything. */
  readonly canRecompute: boolean;
  /** Whether parts of a training step can be computed at the same time, see `startReplicas`. */
  readonly canReplicate: boolean;
  readonly parts: StepParts;
  /** Of tensors that were made by another backend. */
  readonly #moved: tf.DataStorage<TensorData>;
  /** How many tensors there are that were made here. */
  #own = 0;
  readonly #pending = new PendingTensors();
  readonly #boundary = new StepBoundary();
  #recorded = { nodes: 0, bytes: 0 };
  /** How often so far a tensor was read, or one that is no scalar was given values. */
  #contacts = 0;
  #onRecord: ((node: LazyNode) => void) | null = null;
  readonly #variables: VariableHistory;
  #removed = false;

  constructor(runtime: Runtime, options: EngineOptions) {
    super();
    this.#variables = new VariableHistory({
      nodeOf: (dataId) => (this.#has(dataId) ? this.#dataOf(dataId).node : null),
      tensorOf: (value, shape, like) => {
        value.users++;
        const info = this.#addNode(constant(value, shape, like.dtype));
        return tf.engine().makeTensorFromTensorInfo({ ...info, shape: like.shape }, this);
      },
    });
    this.engine = new Engine(runtime, options, () => this.#variables.values());
    this.canRecompute = runtime.createDeviceSession === null;
    this.canReplicate = runtime.runsInThreads;
    this.parts = new StepParts(this.engine, {
      nodeOf: (tensor) => this.nodeOf(tensor),
      nodesOf: ({ dataId }) => this.#dataOf(dataId).nodes(),
      contacts: () => this.#contacts,
      take: () => this.#takePending(),
      defer: (data) => this.#pending.add(data),
      infoOf: (node) => this.#addNode(node),
      flush: (share) => this.flush(share),
      continueStep: () => {
        this.#boundary.trains = true;
      },
    });
    this.#moved = new tf.DataStorage(this, tf.engine());
    this.engine.nameOf = (value) => this.#variables.nameOf(value);
    tf.env().registerFlag(constantWeightsFlag, () => true);
    this.engine.sessions.mayUseConstants = () => tf.env().getBool(constantWeightsFlag);
    tf.env().registerFlag(recomputeFlag, () => false);
    this.engine.sessions.mayRecompute = () => tf.env().getBool(recomputeFlag);
  }

  /**
   * Which forms of convolutions are in use because they were measured to be fastest, as text: with the same forms a step has the same bits.
   * @cnnzoo/train writes it to checkpoints, and sets it where a run resumes.
   */
  get forms(): string {
    return formatWinners(this.engine.sessions.winners);
  }

  set forms(text: string) {
    this.engine.sessions.winners = parseWinners(text);
  }

  // Recording

  /** Records an operation on tensors and returns its result, which is computed when something reads it. */
  record<A extends Attributes>(
    operation: Operation<A>,
    inputs: readonly TensorInfo[],
    shape: readonly number[],
    dtype: DataType,
    attributes: A,
  ): TensorInfo {
    const size = sizeOf(shape);
    if (size === 0) return this.makeTensor(toElements([], dtype), shape, dtype);
    if (this.#onRecord === null) this.#flushLongHistory();
    const nodes: LazyNode[] = [];
    for (const input of inputs) nodes.push(this.nodeOf(input));
    const node = lazyNode(operation, nodes, shape, dtype, attributes, this.#boundary.isForward);
    this.#onRecord?.(node);
    const data = new TensorData(this, node, null, 1);
    if (!node.symbolic) {
      if (!isFurtherGroup(node)) this.#recorded.nodes++;
      this.#recorded.bytes += 4 * size;
      this.#pending.add(data);
    }
    return this.#add(data, shape, dtype);
  }

  /** A tensor without a value: what is recorded of it can be emitted, but neither computed nor read. */
  makePlaceholder(shape: readonly number[], dtype: DataType): TensorInfo {
    return this.#addNode(placeholder(shape, dtype));
  }

  /** Whether the tensor comes from a placeholder. */
  isSymbolic({ dataId }: TensorInfo): boolean {
    return this.#dataOf(dataId).node?.symbolic ?? false;
  }

  /**
   * Calls `record` with everything live computed, tells of each node that it records, and keeps buffers that it reads from being
   * used again meanwhile. A layer that is recorded may record another model: then the outer recording is told of nothing until that ends.
   */
  recording<T>(record: () => T, onRecord: (node: LazyNode) => void): T {
    this.flush();
    const outer = this.#onRecord;
    this.engine.holdBuffers = true;
    this.#onRecord = onRecord;
    try {
      return record();
    } finally {
      this.#onRecord = outer;
      this.engine.holdBuffers = outer !== null;
    }
  }

  /** The same data under another shape, and as on other backends under the same id. */
  reshaped(x: TensorInfo, shape: number[]): TensorInfo {
    const known = this.nodeOf(x);
    const node = this.nodeOf({ ...x, shape });
    if (node !== known && node.value === null) this.#onRecord?.(node);
    this.incRef(x.dataId);
    return { dataId: x.dataId, shape, dtype: x.dtype };
  }

  /** The same tensor once more. */
  shared(x: TensorInfo): TensorInfo {
    this.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  }

  /** A tensor of given values. */
  makeTensor(data: HostData, shape: readonly number[], dtype: DataType): TensorInfo {
    return this.#addNode(constant({ data, layout: 'plain', pooled: false, users: 1 }, shape, dtype));
  }

  /** A complex tensor of two real ones, which it owns from now on. */
  makeComplex(real: TensorInfo, imag: TensorInfo): TensorInfo {
    return this.#add(new TensorData(this, null, { real, imag }, 1), real.shape, 'complex64');
  }

  complexParts(dataId: object): { real: TensorInfo; imag: TensorInfo } | null {
    return this.#dataOf(dataId).complex;
  }

  hasValue(x: TensorInfo): boolean {
    return this.#dataOf(x.dataId).node?.value != null;
  }

  #addNode(node: LazyNode): TensorInfo & { readonly dataId: TensorData } {
    return this.#add(new TensorData(this, node, null, 1), node.shape, node.dtype);
  }

  #add(data: TensorData, shape: readonly number[], dtype: DataType): TensorInfo & { readonly dataId: TensorData } {
    this.#own++;
    // The node's own shape: tfjs's tensors copy it, and nobody else writes to it.
    return { dataId: data, shape: shape as number[], dtype };
  }

  #has(dataId: object): boolean {
    return isOwn(dataId, this) || this.#moved.has(dataId);
  }

  /** Takes the tensor over where another backend has it. */
  #dataOf(dataId: object): TensorData {
    return isOwn(dataId, this) ? dataId : this.#moved.get(dataId);
  }

  nodeOf({ dataId, shape }: TensorInfo): LazyNode {
    return this.#dataOf(dataId).inShape(shape);
  }

  #flushLongHistory(): void {
    const { nodes, bytes } = this.#recorded;
    const boundary = this.#boundary.next();
    const long = nodes >= flushWanted.nodes || bytes >= flushWanted.bytes;
    if (!this.#pending.isEmpty && (boundary === 'tape' || (boundary === 'scope' && long) || nodes >= flushForced))
      this.flush();
    this.#variables.tellUndone();
  }

  /**
   * The barrier: computes everything that is live and pending in one graph.
   * @param share how many parts of a training step are computed at the same time
   */
  flush(share = 1): void {
    if (this.#removed)
      throw new Error(
        "the backend 'onnx' was removed before this tensor was computed: read results before tf.removeBackend('onnx')",
      );
    const { trains } = this.#boundary;
    const nodes = this.#takePending().map(([, node]) => node);
    this.engine.compute(
      nodes,
      trains,
      () => {
        for (const { value } of nodes) if (value !== null) value.users++;
        this.#variables.settle(nodes, trains);
      },
      share,
    );
  }

  /** What waits for the barrier, which is then here. */
  #takePending(): (readonly [TensorData, LazyNode])[] {
    this.#recorded = { nodes: 0, bytes: 0 };
    this.#boundary.flushed();
    return this.#pending.take();
  }

  /**
   * Starts threads that compute parts of training steps beside this one, for @cnnzoo/train.
   * @param count parts that are computed at the same time, one of them in this thread
   */
  startReplicas(count: number): Replicas {
    const { sessions } = this.engine;
    const replicas = startReplicas(this.parts, count, () => {
      sessions.replications--;
    });
    sessions.replications++;
    return replicas;
  }

  // tfjs's interface

  override write(values: BackendValues, shape: number[], dtype: DataType): object {
    return this.#addNode(this.#written(values, shape, dtype)).dataId;
  }

  override move(dataId: object, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    if (dtype === 'complex64') {
      this.#contacts++;
      const { real, imag } = tf.backend_util.splitRealAndImagArrays(values as Float32Array);
      const part = (data: Float32Array) => this.makeTensor(data, shape, 'float32');
      this.#moved.set(dataId, new TensorData(this, null, { real: part(real), imag: part(imag) }, refCount));
      return;
    }
    this.#moved.set(dataId, new TensorData(this, this.#written(values, shape, dtype), null, refCount));
  }

  /** A node of given values. Where there are too few, as of `tf.add(x, [tensor])`, what reads it fails, and nothing else. */
  #written(values: BackendValues, shape: readonly number[], dtype: DataType): LazyNode {
    const size = sizeOf(shape);
    if (shape.length > 0) this.#contacts++;
    const node = constant(this.#copyOf(values.length > size ? values.slice(0, size) : values, dtype), shape, dtype);
    if (values.length >= size) return node;
    node.failure = new Error(
      `a ${dtype} tensor of shape [${shape}] was made of ${values.length} values, expected ${size}`,
    );
    node.value = null;
    return node;
  }

  /**
   * A value of its own: the caller may fill the array again, as a loop does with one buffer for all batches, and recorded operations
   * read it only later.
   */
  #copyOf(values: BackendValues | number[], dtype: DataType): Value {
    const data = toElements(values, dtype);
    if (data !== values || Array.isArray(data)) return { data, layout: 'plain', pooled: false, users: 1 };
    const copy = this.engine.pool.take(dtype as 'float32' | 'int32' | 'bool', data.length);
    copy.set(data);
    return { data: copy, layout: 'plain', pooled: true, users: 1 };
  }

  /** A tensor's numbers in an array that the caller may write to. */
  override readSync(dataId: object): BackendValues {
    const values = this.valuesOf(dataId);
    return values === this.#dataOf(dataId).node?.value?.data ? values.slice() : values;
  }

  /** A tensor's numbers, to be read at once and never written to: the array may be the tensor's own. */
  valuesOf(dataId: object): BackendValues {
    this.#contacts++;
    const { node, complex } = this.#dataOf(dataId);
    if (complex !== null) {
      const [real, imag] = [this.valuesOf(complex.real.dataId), this.valuesOf(complex.imag.dataId)];
      return tf.backend_util.mergeRealAndImagArrays(real as Float32Array, imag as Float32Array);
    }
    if (node === null) throw new Error('a tensor without data');
    if (node.symbolic) throw new SymbolicReadError(`${node.name}'s result is read`);
    if (node.value === null && node.failure === null) {
      // It may not wait: another thread computes it, for which this one cannot.
      this.#pending.add(this.#dataOf(dataId));
      this.flush();
    }
    if (node.failure !== null) {
      this.#variables.isTold();
      throw node.failure;
    }
    this.#variables.tellUndone();
    const { value } = node;
    if (value === null) throw new Error(`${node.name} was not computed by the barrier`);
    if (Array.isArray(value.data) || value.layout === 'plain') return value.data;
    return relayout(value.data, node.shape, value.layout, 'plain');
  }

  override async read(dataId: object): Promise<BackendValues> {
    return this.readSync(dataId);
  }

  override refCount(dataId: object): number {
    return this.#has(dataId) ? this.#dataOf(dataId).refCount : 0;
  }

  override incRef(dataId: object): void {
    this.#dataOf(dataId).refCount++;
  }

  decRef(dataId: object): void {
    if (this.#has(dataId)) this.#dataOf(dataId).refCount--;
  }

  override disposeData(dataId: object, force = false): boolean {
    if (!this.#has(dataId)) return true;
    const data = this.#dataOf(dataId);
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    if (data === dataId) this.#own--;
    else this.#moved.delete(dataId);
    this.#pending.remove(data);
    const { node, complex } = data;
    data.clear();
    if (node?.value) this.engine.release(node.value);
    if (complex !== null) {
      this.disposeData(complex.real.dataId);
      this.disposeData(complex.imag.dataId);
    }
    return true;
  }

  override numDataIds(): number {
    return this.#own + this.#moved.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(query: () => void): Promise<{ kernelMs: number }> {
    this.flush();
    this.engine.wait();
    const start = performance.now();
    query();
    this.flush();
    this.engine.wait();
    return { kernelMs: performance.now() - start };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.#removed = true;
    this.#variables.forget();
    this.#pending.clear();
    this.engine.dispose();
  }
}
