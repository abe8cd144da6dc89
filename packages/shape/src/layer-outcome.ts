import { shown } from '@cnnzoo/checks';
import type { Shape } from './layer-spec.js';
import { type FieldStep, type ReceptiveField, stepField } from './receptive-field.js';

/** What flows between layers: a shape, what its elements see, and the height and width it had before it was flattened. */
export interface Value {
  readonly shape: Shape;
  readonly field: ReceptiveField | null;
  readonly span: readonly [number, number];
}

/** The window of a convolution or pooling as it is used: `[height, width]`, and the padding of `[top, bottom]` and `[left, right]`. */
export interface KernelUse {
  readonly size: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  readonly padding: readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];
}

/** What one layer makes of its inputs, and what it costs for one image. */
export interface Outcome extends Value {
  readonly kernel: KernelUse | null;
  readonly params: number;
  readonly buffers: number;
  readonly macs: number;
  readonly flops: number;
}

export type Rule<Spec> = (spec: Spec, inputs: readonly Value[]) => Outcome;

/** How many numbers an array of that shape has. */
export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** What passes its input on at no cost. */
export function free(value: Value): Outcome {
  const { shape, field, span } = value;
  return { shape, field, span, kernel: null, params: 0, buffers: 0, macs: 0, flops: 0 };
}

export function only(inputs: readonly Value[]): Value {
  const [input] = inputs;
  if (input !== undefined && inputs.length === 1) return input;
  throw new RangeError(`takes one input, got ${inputs.length}`);
}

/** Height, width and channels of the only input. */
export function featureMap(inputs: readonly Value[]): {
  input: Value;
  size: readonly [number, number];
  channels: number;
} {
  const input = only(inputs);
  const [height, width, channels] = input.shape;
  if (input.shape.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    throw new RangeError(`takes a feature map [height, width, channels], got ${shown(input.shape)}`);
  }
  return { input, size: [height, width], channels };
}

/** The field behind one more step of a window. */
export function step(input: Value, steps: readonly [FieldStep, FieldStep]): ReceptiveField | null {
  return input.field === null ? null : stepField(input.field, steps);
}

/** One step that sees the whole map. */
export function stepOverAll(input: Value): ReceptiveField | null {
  return step(input, [
    { reach: input.span[0], stride: 1, before: 0 },
    { reach: input.span[1], stride: 1, before: 0 },
  ]);
}

export function checkChannels(name: string, expected: number | undefined, got: number): void {
  if (expected !== undefined && expected !== got) {
    throw new RangeError(`${name} is ${expected}, but ${got} come in; the nearest that fits is ${name} ${got}`);
  }
}
