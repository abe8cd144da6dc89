/** A network as somebody has composed it, as text for an address, as layers on paper and as TypeScript. */
import { type LayerSpec, type ModelSummary, type Shape, summarize } from '@cnnzoo/shape';
import { type KindName, kindNames, kindOf } from './parts.js';

export interface Part {
  readonly kind: KindName;
  /** One for each field of the kind. */
  readonly values: readonly number[];
}

export interface Composition {
  /** [height, width, channels] */
  readonly input: readonly [number, number, number];
  readonly parts: readonly Part[];
}

/** `conv:64,3,1,1 relu head:10` */
export function partsText(parts: readonly Part[]): string {
  return parts.map(({ kind, values }) => (values.length === 0 ? kind : `${kind}:${values.join(',')}`)).join(' ');
}

/** @throws RangeError naming the part that is none */
export function parseParts(text: string): Part[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [name = '', numbers] = word.split(':');
      const kind = kindNames.find((each) => each === name);
      if (kind === undefined) throw new RangeError(`'${name}' is no part of a network: ${kindNames.join(', ')} are`);
      const { fields } = kindOf(kind);
      const values = numbers === undefined ? fields.map(({ value }) => value) : numbers.split(',').map(Number);
      checkValues(kind, values);
      return { kind, values };
    });
}

/** @throws RangeError naming the field */
export function checkValues(kind: KindName, values: readonly number[]): void {
  const { fields } = kindOf(kind);
  if (values.length !== fields.length)
    throw new RangeError(
      `${kind} has ${fields.length} numbers, ${fields.map(({ name }) => name).join(', ')}; got ${values.length}`,
    );
  for (const [i, { name, min, max }] of fields.entries()) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isInteger(value) || value < min || value > max)
      throw new RangeError(`${name} of ${kind} must be an integer from ${min} to ${max}, got ${value}`);
  }
}

/** @throws RangeError where the text is no shape */
export function parseInput(text: string): Composition['input'] {
  const [height = 0, width = 0, channels = 0, ...more] = text.split(/[x×, ]+/).map(Number);
  const shape = [height, width, channels] as const;
  if (more.length > 0 || !shape.every((size) => Number.isInteger(size) && size > 0 && size <= 4096))
    throw new RangeError(`the input must be HEIGHTxWIDTHxCHANNELS, such as 32x32x3, got '${text}'`);
  return shape;
}

/** `conv1`, `conv2`, ...: what the layers of each part are called. */
export function partNames(parts: readonly Part[]): string[] {
  const counts = new Map<KindName, number>();
  return parts.map(({ kind }) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${kind}${count}`;
  });
}

export interface PartSummary {
  readonly outputShape: Shape;
  readonly params: number;
  readonly macs: number;
}

/** What each part puts out and costs, and the whole. @throws RangeError where a part cannot take what comes in */
export function summarizeComposition(composition: Composition): {
  readonly parts: PartSummary[];
  readonly whole: ModelSummary;
} {
  const { input, parts } = composition;
  const names = partNames(parts);
  const layers: LayerSpec[] = [{ type: 'Input', name: 'input', shape: input }];
  const ends: number[] = [];
  let [from, channels] = ['input', input[2]];
  for (const [i, { kind, values }] of parts.entries()) {
    const added = kindOf(kind).layers(values, { name: names[i] ?? kind, from, channels });
    layers.push(...added);
    from = added.at(-1)?.name ?? from;
    channels = kindOf(kind).channels(values, channels);
    ends.push(layers.length - 1);
  }
  const whole = summarize(layers);
  const summaries = ends.map((end, i) => {
    const own = whole.layers.slice(i === 0 ? 0 : ends[i - 1], end);
    const sum = (of: 'params' | 'macs') => own.reduce((total, layer) => total + layer[of], 0);
    return { outputShape: own.at(-1)?.outputShape ?? input, params: sum('params'), macs: sum('macs') };
  });
  for (const [i, { kind }] of parts.entries()) {
    const before = i === 0 ? input : (summaries[i - 1]?.outputShape ?? input);
    if (kindOf(kind).needsMap && before.length !== 3)
      throw new RangeError(`${names[i]} needs a feature map, and gets a vector of ${before.join('x')}`);
  }
  return { whole, parts: summaries };
}
