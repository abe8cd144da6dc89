/** Tensors that wait for the barrier, in the order of recording. */
import type { LazyNode } from '../graph/node.js';
import type { TensorData } from './tensor-data.js';

export class PendingTensors {
  /** And some that do not wait any more. */
  #list: TensorData[] = [];
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(data: TensorData): void {
    if (data.pending) return;
    data.pending = true;
    this.#count++;
    this.#list.push(data);
  }

  /** The tensor does not wait any more. */
  remove(data: TensorData): void {
    if (!data.pending) return;
    data.pending = false;
    this.#count--;
    // Where nothing waits there is no barrier, either, that would end the list.
    if (this.#count === 0) this.#list = [];
  }

  /** All that wait, with their nodes; none waits then. */
  take(): (readonly [TensorData, LazyNode])[] {
    const list = this.#list;
    this.clear();
    return list.flatMap((data) => {
      const { node } = data;
      const waits = data.pending && node !== null;
      data.pending = false;
      return waits ? [[data, node] as const] : [];
    });
  }

  clear(): void {
    this.#list = [];
    this.#count = 0;
  }
}
