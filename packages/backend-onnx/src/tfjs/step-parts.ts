/** Parts of a training step that are computed at the same time: how they are recorded, and what their tensors are meanwhile. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Engine } from '../engine/engine.js';
import { at } from '../graph/at.js';
import { type LazyNode, recordedSoFar, type Value } from '../graph/node.js';
import { repeatRecording } from '../replicas/repeat-recording.js';
import type { ReplicaThread } from '../replicas/replica-thread.js';
import type { TensorData } from './tensor-data.js';

/** What parts need of the backend. */
interface Recording {
  nodeOf(tensor: TensorInfo): LazyNode;
  /** Its nodes in all shapes that were asked for. */
  nodesOf(tensor: TensorInfo): readonly LazyNode[];
  /** How often so far a tensor was read, or one that is no scalar was given values. */
  contacts(): number;
  /** What waits for the barrier, which is then here. */
  take(): (readonly [TensorData, LazyNode])[];
  /** Lets it wait for the barrier. */
  defer(data: TensorData): void;
  /** A tensor of a node. */
  infoOf(node: LazyNode): TensorInfo & { readonly dataId: TensorData };
  flush(share: number): void;
  continueStep(): void;
}

/** What had happened when the recording of a part began. */
export interface RecordingStart {
  readonly sequence: number;
  readonly contacts: number;
}

export class StepParts {
  readonly #engine: Engine;
  readonly #recording: Recording;

  constructor(engine: Engine, recording: Recording) {
    this.#engine = engine;
    this.#recording = recording;
  }

  /** What was recorded until now. */
  begin(): RecordingStart {
    return { sequence: recordedSoFar(), contacts: this.#recording.contacts() };
  }

  /**
   * Records again what results of a part of a batch were recorded from since `start`, for other images and labels of the same shapes.
   * @returns null where that may depend on the part's numbers
   */
  repeat(
    results: readonly tf.Tensor[],
    start: RecordingStart,
    given: readonly tf.Tensor[],
    others: readonly tf.Tensor[],
  ): tf.Tensor[] | null {
    const { nodeOf, nodesOf, contacts, infoOf, defer } = this.#recording;
    if (contacts() !== start.contacts) return null;
    const replaced = new Map<LazyNode, Value>();
    for (const [i, tensor] of given.entries()) {
      const { value } = nodeOf(at(others, i));
      // Other layouts than the plain one have no other shapes.
      if (value?.layout !== 'plain') return null;
      for (const node of nodesOf(tensor)) replaced.set(node, value);
    }
    const roots = results.map(nodeOf);
    const nodes = repeatRecording(roots, start.sequence, replaced);
    if (nodes === null) return null;
    const infos = nodes.map(infoOf);
    // In the order of the first recording, so that it is the same graph.
    const inOrder = infos.map(({ dataId }, i) => ({ dataId, sequence: at(roots, i).sequence }));
    for (const { dataId } of inOrder.sort((a, b) => a.sequence - b.sequence)) defer(dataId);
    return infos.map((info) => tf.engine().makeTensorFromTensorInfo({ ...info, shape: [...info.shape] }));
  }

  /**
   * Begins to compute what waits for the barrier in another thread. Until it has, the tensors have no values; one that is read is computed
   * here. What the thread could not compute waits for the barrier again.
   * @returns why the thread has failed; null where it has not
   */
  async flushElsewhere(thread: ReplicaThread, share: number): Promise<string | null> {
    const waiting = this.#recording.take();
    const nodes = [...new Set(waiting.map(([, node]) => node))];
    const { computed, failure } = await this.#engine.computeElsewhere(nodes, thread, share);
    for (const [data, node] of waiting) {
      // A tensor that is gone has no node any more.
      if (data.node !== node) continue;
      if (computed.has(node) && node.value !== null) node.value.users++;
      else if (node.value === null && node.failure === null) this.#recording.defer(data);
    }
    for (const { value } of computed) {
      if (value === null || value.users > 0) continue;
      value.users = 1;
      this.#engine.release(value);
    }
    return failure;
  }

  /** Computes what is recorded here, with a share of the threads. */
  flush(share: number): void {
    this.#recording.flush(share);
  }

  /** What is recorded from now on belongs to the training step whose parts are computed. */
  continueStep(): void {
    this.#recording.continueStep();
  }
}
