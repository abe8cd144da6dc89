/** What tfjs's variables were before the operations since the last barrier, so that a step that fails changes none of them. */
import * as tf from '@tensorflow/tfjs-core';
import type { LazyNode, Value } from '../graph/node.js';
import { assignQuietly, followAssignments } from './assignments.js';

interface Tensors {
  /** The node of a tensor of this backend; null for others. */
  nodeOf(dataId: object): LazyNode | null;
  /** A tensor of a value that another one has had. */
  tensorOf(value: Value, shape: readonly number[], like: tf.Variable): tf.Tensor;
}

export class VariableHistory {
  readonly #tensors: Tensors;
  /** What variables were that were assigned since the last barrier. */
  readonly #assigned = new Map<tf.Variable, { value: Value; shape: readonly number[] }>();
  /** Why a step was undone, as long as nobody has been told. */
  #undone: Error | null = null;

  constructor(tensors: Tensors) {
    this.#tensors = tensors;
    followAssignments((variable) => {
      const node = tensors.nodeOf(variable.dataId);
      if (node?.value) this.#assigned.set(variable, { value: node.value, shape: node.shape });
    });
  }

  /** The values that the variables have now. */
  values(): Set<Value> {
    const values = new Set<Value>();
    for (const { dataId } of Object.values(tf.engine().state.registeredVariables)) {
      const node = this.#tensors.nodeOf(dataId);
      if (node?.value) values.add(node.value);
    }
    return values;
  }

  /** The variable that has this value, or had it before it was assigned. */
  nameOf(value: Value): string | null {
    for (const variable of Object.values(tf.engine().state.registeredVariables)) {
      const node = this.#tensors.nodeOf(variable.dataId);
      if (node?.value === value || this.#assigned.get(variable)?.value === value) return variable.name;
    }
    return null;
  }

  /**
   * Gives variables back what they were before results were assigned to them that cannot be computed, and forgets what they were. Of a training
   * step all of them get it, as if it had failed before its first assignment.
   */
  settle(nodes: readonly LazyNode[], trains: boolean): void {
    const computed = new Set(nodes);
    const assigned = [...this.#assigned].flatMap(([variable, before]) => {
      const node = variable.isDisposed ? null : this.#tensors.nodeOf(variable.dataId);
      return node !== null && computed.has(node) ? [{ variable, before, node }] : [];
    });
    const failure = assigned.find(({ node }) => node.failure !== null)?.node.failure ?? null;
    if (failure !== null) {
      this.#undone = failure;
      for (const { variable, before, node } of assigned) {
        if (!trains && node.failure === null) continue;
        const tensor = this.#tensors.tensorOf(before.value, before.shape, variable);
        assignQuietly(variable, tensor);
        tensor.dispose();
      }
    }
    this.forget();
  }

  forget(): void {
    this.#assigned.clear();
  }

  /** What has failed is said by the read that wanted it. */
  isTold(): void {
    this.#undone = null;
  }

  /** Says that a step was undone, where nothing was read that has failed: it must not go unnoticed. */
  tellUndone(): void {
    const undone = this.#undone;
    this.#undone = null;
    if (undone !== null)
      throw new Error(`${undone.message}\nVariables have the values from before this step.`, { cause: undone });
  }
}
