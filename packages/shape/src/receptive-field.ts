/**
 * What part of the input one element of a feature map sees, per axis as `[height, width]`, in input pixels. Pixel i reaches from i to
 * i + 1, so that its centre is at i + 0.5. Element i of the map sees from start + i * jump - size / 2 to start + i * jump + size / 2.
 */
export interface ReceptiveField {
  /** Pixels that one element sees. */
  readonly size: readonly [height: number, width: number];
  /** Distance between the centres of neighbouring elements: the product of all strides so far. */
  readonly jump: readonly [height: number, width: number];
  /** Centre of the first element's field. */
  readonly start: readonly [height: number, width: number];
}

/** One axis of a step that sees `reach` elements, moves on by `stride`, and starts `before` elements ahead of the first. */
export interface FieldStep {
  readonly reach: number;
  readonly stride: number;
  readonly before: number;
}

export const pixelField: ReceptiveField = { size: [1, 1], jump: [1, 1], start: [0.5, 0.5] };

/** Araujo et al. 2019, equations 1 to 3, one axis at a time: r' = r + (reach - 1) j, j' = j * stride, start' = start + ((reach - 1) / 2 - before) j. */
export function stepField(field: ReceptiveField, steps: readonly [FieldStep, FieldStep]): ReceptiveField {
  const size = (axis: 0 | 1) => field.size[axis] + (steps[axis].reach - 1) * field.jump[axis];
  const jump = (axis: 0 | 1) => field.jump[axis] * steps[axis].stride;
  const start = (axis: 0 | 1) =>
    field.start[axis] + ((steps[axis].reach - 1) / 2 - steps[axis].before) * field.jump[axis];
  return { size: [size(0), size(1)], jump: [jump(0), jump(1)], start: [start(0), start(1)] };
}

/** The field of a merge of branches: along each axis the largest one. Null where no branch has one. */
export function largestField(fields: readonly (ReceptiveField | null)[]): ReceptiveField | null {
  let largest: ReceptiveField | null = null;
  for (const field of fields) {
    if (field === null) continue;
    if (largest === null) {
      largest = field;
      continue;
    }
    const height: ReceptiveField = field.size[0] > largest.size[0] ? field : largest;
    const width: ReceptiveField = field.size[1] > largest.size[1] ? field : largest;
    largest = {
      size: [height.size[0], width.size[1]],
      jump: [height.jump[0], width.jump[1]],
      start: [height.start[0], width.start[1]],
    };
  }
  return largest;
}
