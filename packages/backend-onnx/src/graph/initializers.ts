/** The constants of a graph: small tensors that `emit` functions make, and weights whose bytes are given. */
import { type OnnxType, onnxType, type TensorProto } from './onnx-model.js';

function bytesOf(type: OnnxType, values: readonly number[]): Uint8Array {
  switch (type) {
    case 'float32':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'int32':
      return new Uint8Array(Int32Array.from(values).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    case 'float64':
      return new Uint8Array(Float64Array.from(values).buffer);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values);
    case 'bfloat16':
      throw new TypeError('bfloat16 constants are not written');
  }
}

const weightPrefix = 'w';

/** Whether an initializer of this name is a weight, whose bytes may not be made yet. */
export function isWeight(name: string): boolean {
  return name.startsWith(weightPrefix);
}

export class Initializers {
  readonly #tensors = new Map<string, TensorProto>();
  /** Names of tensors by their values and shape, and of reshaped weights by the weight's name and shape. */
  readonly #known = new Map<string, string>();

  readonly #freshName: (prefix: string) => string;

  /** @param freshName makes a name of this prefix that the graph does not have yet */
  constructor(freshName: (prefix: string) => string) {
    this.#freshName = freshName;
  }

  /** A tensor of few values; an equal one that is there already is returned instead. */
  tensor(type: OnnxType, values: readonly number[], dims: readonly number[]): string {
    const key = `${type}|${values.map((value) => (Object.is(value, -0) ? '-0' : value)).join()}|${dims.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#freshName('c');
    this.#tensors.set(name, { name, dims, dataType: onnxType[type], rawData: bytesOf(type, values) });
    this.#known.set(key, name);
    return name;
  }

  /** @param rawData the bytes, or what makes them when they are asked for, once */
  weight(type: OnnxType, dims: readonly number[], rawData: Uint8Array | (() => Uint8Array)): string {
    const name = this.#freshName(weightPrefix);
    let bytes = typeof rawData === 'function' ? null : rawData;
    const make = typeof rawData === 'function' ? rawData : () => rawData;
    this.#tensors.set(name, {
      name,
      dims,
      dataType: onnxType[type],
      get rawData() {
        bytes ??= make();
        return bytes;
      },
    });
    return name;
  }

  /** A weight under another shape, which is one, too; null for what is no weight. */
  reshaped(name: string, dims: readonly number[]): string | null {
    const weight = isWeight(name) ? this.#tensors.get(name) : undefined;
    if (weight === undefined) return null;
    const key = `${name}|${dims.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const fresh = this.#freshName(weightPrefix);
    this.#tensors.set(fresh, {
      name: fresh,
      dims,
      dataType: weight.dataType,
      get rawData() {
        return weight.rawData;
      },
    });
    this.#known.set(key, fresh);
    return fresh;
  }

  /** Those of these names, in the order in which they were made. */
  named(names: ReadonlySet<string>): TensorProto[] {
    return [...this.#tensors.values()].filter(({ name }) => names.has(name));
  }
}
