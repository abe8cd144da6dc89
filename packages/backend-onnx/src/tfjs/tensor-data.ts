/** What a tensor of this backend holds. */
import type { BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { constant, type HostData, type LazyNode, lazyNode } from '../graph/node.js';
import { reshape } from '../graph/reshape.js';

export interface ComplexParts {
  readonly real: TensorInfo;
  readonly imag: TensorInfo;
}

/**
 * What a tensor's `dataId` stands for. Of tensors that are made here it is the `dataId` itself: a prediction makes hundreds of
 * them, and each entry of a map with weak keys costs a scavenge more than the object. Tensors of other backends that come here keep
 * the `dataId` that they have.
 */
export class TensorData {
  /** Whether there is a tensor of this. */
  stored = true;
  /** Whether it waits for the barrier. */
  pending = false;
  /** The node under other shapes, for tensors that share this data, as those that come from a reshape do. */
  #views: LazyNode[] = [];

  constructor(
    readonly owner: object,
    /** Null for complex numbers, which are two tensors. */
    public node: LazyNode | null,
    public complex: ComplexParts | null,
    public refCount: number,
  ) {}

  /** The node in a shape of as many elements. */
  inShape(shape: readonly number[]): LazyNode {
    const { node } = this;
    if (node === null) throw new Error('a complex64 tensor has no node of its own');
    if (tf.util.arraysEqual(node.shape as number[], shape as number[])) return node;
    const known = this.#views.find((view) => tf.util.arraysEqual(view.shape as number[], shape as number[]));
    const plain = node.value?.layout === 'plain' ? node.value : null;
    if (known !== undefined && (known.value !== null || plain === null)) return known;
    const view =
      plain === null ? lazyNode(reshape, [node], [...shape], node.dtype, {}) : constant(plain, [...shape], node.dtype);
    this.#views = [...this.#views.filter((other) => other !== known), view];
    return view;
  }

  /** The nodes of this data, in all shapes that were asked for. */
  nodes(): LazyNode[] {
    return this.node === null ? [] : [this.node, ...this.#views];
  }

  /** Lets go of what a tensor that is gone stood for: somebody may still have its dataId. */
  clear(): void {
    this.stored = false;
    this.node = null;
    this.complex = null;
    this.#views = [];
  }
}

/** Whether the tensor was made by this backend. */
export function isOwn(dataId: object, backend: object): dataId is TensorData {
  return dataId instanceof TensorData && dataId.stored && dataId.owner === backend;
}

/** Values as the engine keeps them: typed arrays, or encoded strings. */
export function toElements(values: BackendValues | number[], dtype: DataType): HostData {
  switch (dtype) {
    case 'float32':
      return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
    case 'int32':
      return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
    case 'bool':
      // Uint8ClampedArray and booleans, too
      return values instanceof Uint8Array ? values : Uint8Array.from(values as ArrayLike<number>);
    case 'string':
      return typeof values[0] === 'string'
        ? (values as unknown as string[]).map((text) => tf.util.encodeString(text))
        : // Not spread: a string buffer that was not filled has holes.
          (values as Uint8Array[]).slice();
    default:
      throw new TypeError(`backend onnx: values of type ${dtype} cannot be written`);
  }
}
