import { check, tensor } from '@cnnzoo/checks';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch } from './batch.js';

const describe = ({ dtype, shape }: { dtype: string; shape: readonly (number | null)[] }) =>
  `${dtype} [${shape.map((size) => size ?? 'any').join(', ')}]`;

/**
 * Checks that a batch fits a model, without the values of its labels.
 * @returns whether the labels are classes, and not distributions over them
 * @throws TypeError or RangeError naming the loader, what is wrong and what was expected
 */
export function checkShapes(model: LayersModel, { images, labels }: Batch, loader: string): boolean {
  check(`${loader}: images`, images, tensor('a tensor'));
  check(`${loader}: labels`, labels, tensor('a tensor'));
  const [input] = model.inputs;
  const [output] = model.outputs;
  if (input === undefined || output === undefined || model.inputs.length !== 1)
    throw new TypeError(`model must have one input and at least one output, got ${model.inputs.length} inputs`);
  const fits =
    images.dtype === 'float32' &&
    images.shape.length === input.shape.length &&
    input.shape.every((size, axis) => size === null || size === images.shape[axis]);
  if (!fits)
    throw new RangeError(
      `${loader}: images must be ${describe({ dtype: 'float32', shape: input.shape })} for model '${model.name}', got ${describe(images)}`,
    );
  const classes = Number(output.shape.at(-1));
  const count = images.shape[0];
  const hard = labels.dtype === 'int32' && labels.shape.length === 1 && labels.shape[0] === count;
  const soft = labels.dtype === 'float32' && labels.shape.join() === `${count},${classes}`;
  if (!hard && !soft)
    throw new RangeError(
      `${loader}: labels must be int32 [${count}] or float32 [${count}, ${classes}] for model '${model.name}', got ${describe(labels)}. The option numClasses of a network says how many classes it has`,
    );
  return hard;
}

/**
 * Checks that a batch fits a model, labels' values included.
 * @throws TypeError or RangeError naming the loader, what is wrong and what was expected
 */
export async function checkBatch(model: LayersModel, batch: Batch, loader: string): Promise<void> {
  if (!checkShapes(model, batch, loader)) return;
  const { labels } = batch;
  const classes = Number(model.outputs[0]?.shape.at(-1));
  const values = await labels.data();
  const wrong = values.findIndex((label) => !(label >= 0 && label < classes));
  if (wrong >= 0)
    throw new RangeError(
      `${loader}: label ${values[wrong]} of image ${wrong} in its batch, expected 0 to ${classes - 1} for model '${model.name}'. The option numClasses of a network says how many classes it has`,
    );
}
