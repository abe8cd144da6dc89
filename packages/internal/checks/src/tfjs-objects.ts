/** Rules for the objects of TensorFlow.js, by their form: an app may have two copies of it, and some packages must not import it. */
import { type Rule, rule } from './rule.js';

/** What a tensor is known by. */
export interface TensorLike {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly isDisposed: boolean;
}

/** Whether a value is a tensor that has not been disposed of. */
export function isTensor(value: unknown): value is TensorLike {
  const tensor = value as (Partial<TensorLike> & { readonly data?: unknown }) | null | undefined;
  return (
    typeof tensor?.dtype === 'string' &&
    Array.isArray(tensor.shape) &&
    typeof tensor.data === 'function' &&
    tensor.isDisposed === false
  );
}

/**
 * A tensor.
 * @param expected what it must be, such as 'a float32 tensor [count, classes]'
 * @param isAllowed whether dtype and shape are right
 */
/* @__NO_SIDE_EFFECTS__ */
export function tensor<T extends TensorLike>(
  expected: string,
  isAllowed: (value: TensorLike) => boolean = () => true,
): Rule<T> {
  return rule<T>(expected, isTensor, isAllowed);
}

/** A symbolic tensor of TensorFlow.js: a layer's output before there are values. */
/* @__NO_SIDE_EFFECTS__ */
export function symbolicTensor<
  T extends { readonly shape: readonly unknown[]; readonly sourceLayer: object },
>(): Rule<T> {
  return rule<T>('a symbolic tensor, such as tf.input() or a layer gives', (value) => {
    const symbol = value as { shape?: unknown; sourceLayer?: unknown } | null | undefined;
    return Array.isArray(symbol?.shape) && typeof symbol.sourceLayer === 'object';
  });
}

/** A layer of TensorFlow.js. */
/* @__NO_SIDE_EFFECTS__ */
export function layer<T extends { readonly name: string }>(): Rule<T> {
  return rule<T>('a layer', (value) => {
    const made = value as { apply?: unknown; getClassName?: unknown } | null | undefined;
    return typeof made?.apply === 'function' && typeof made.getClassName === 'function';
  });
}

/** A layers model of TensorFlow.js. */
/* @__NO_SIDE_EFFECTS__ */
export function layersModel<Model extends { readonly layers: readonly object[]; readonly inputs: readonly object[] }>(
  expected = 'a tf.LayersModel',
): Rule<Model> {
  return rule<Model>(expected, (value) => {
    const model = value as { layers?: unknown; inputs?: unknown; getLayer?: unknown } | null | undefined;
    return Array.isArray(model?.layers) && Array.isArray(model.inputs) && typeof model.getLayer === 'function';
  });
}
