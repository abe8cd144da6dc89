import { check, checkFewOptions, optional, string } from '@cnnzoo/checks';
import type { ReceptiveField } from '../receptive-field.js';
import type { LayerSummary, ModelSummary } from '../summarize.js';
import { summaryRule } from '../summary-rule.js';
import { colors, drawing, element, text } from './svg.js';

/** The options of `drawReceptiveField`. */
export interface DrawReceptiveFieldOptions {
  /** Title of the drawing. Default: the network's name. */
  title?: string;
}

/** A layer that sees more than all before it. */
interface Growth {
  readonly layer: LayerSummary;
  readonly field: ReceptiveField;
  /** Pixels along the shorter axis. */
  readonly size: number;
}

/** The layers on the way to the main output's last map at which the field grows along both axes, or, where it never does, along one. */
function growthOf(summary: ModelSummary): readonly Growth[] {
  const last = summary.receptiveField;
  const square = last === null || Math.min(...last.size) > 1;
  const sizeOf = (field: ReceptiveField) => (square ? Math.min(...field.size) : Math.max(...field.size));
  const growth: Growth[] = [];
  let largest = 1;
  for (const layer of summary.layers) {
    const field = layer.receptiveField;
    if (layer.auxiliary || field === null || layer.outputShape.length !== 3) continue;
    const size = sizeOf(field);
    // What sees more than the last map is pooled as a whole.
    if (size <= largest || (last !== null && size > sizeOf(last))) continue;
    largest = size;
    growth.push({ layer, field, size });
  }
  return growth;
}

/** The last layer at each stride, or, where there are hardly any strides, every layer; eight at most. */
function landmarks(growth: readonly Growth[]): readonly Growth[] {
  const byJump = [...new Map(growth.map((step) => [step.field.jump[0], step])).values()];
  const marks = (byJump.length >= 3 ? byJump : growth).toSorted((a, b) => a.size - b.size);
  if (marks.length <= 8) return marks;
  return Array.from({ length: 8 }, (_, index) => marks[Math.round((index * (marks.length - 1)) / 7)]).filter(
    (mark) => mark !== undefined,
  );
}

/** From light to dark blue. */
function shade(part: number): string {
  const channel = (light: number, dark: number) => Math.round(light + (dark - light) * part);
  return `rgb(${channel(214, 23)},${channel(230, 62)},${channel(245, 117)})`;
}

const side = 340;
const margin = 32;

/**
 * Draws how the receptive field grows: on the left the input with the field of a middle element of some layers, one inside the other, on
 * the right its size layer by layer.
 *
 * @param summary what `summarize` returned
 * @param options a title
 * @returns an SVG document
 * @throws RangeError if no layer of the network sees more than one pixel
 *
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { summarize } from '@cnnzoo/shape';
 * import { drawReceptiveField } from '@cnnzoo/shape/draw';
 * import { vgg16 } from '@cnnzoo/vgg';
 *
 * await writeFile('field.svg', drawReceptiveField(summarize(vgg16())));
 */
export function drawReceptiveField(summary: ModelSummary, options: DrawReceptiveFieldOptions = {}): string {
  check('summary', summary, summaryRule);
  checkFewOptions<DrawReceptiveFieldOptions>('drawReceptiveField', options, { title: optional(string()) });
  const growth = growthOf(summary);
  const last = growth[growth.length - 1];
  if (last === undefined) throw new RangeError(`no layer of ${summary.name} sees more than one pixel`);
  const title = options.title ?? summary.name;
  const [height = 1, width = 1] = summary.inputShape;
  const marks = landmarks(growth);
  const reach = last.size;
  const largest = Math.max(height, width, ...last.field.size);
  const top = 84;
  const legendLeft = 2 * side + 4 * margin + 40;
  const legendWidth = Math.max(...marks.map(({ layer, size }) => 24 + 7.6 * `${size}  ${layer.name}`.length));
  return drawing(legendLeft + legendWidth + margin, top + side + 78, `${title}: receptive field of ${reach} pixels`, [
    text(margin, 38, title, { size: 24, weight: 'bold' }),
    text(
      margin,
      60,
      `receptive field ${last.field.size.join('×')} pixels, one element every ${last.field.jump[0]}, at ${last.layer.name}`,
      {
        size: 15,
        fill: colors.faint,
      },
    ),
    nested(marks, width, height, largest, margin, top),
    chart(growth, marks, Math.max(height, width), largest, margin + side + 2 * margin + 10, top),
    legend(marks, legendLeft, top),
  ]);
}

/** The input and, centred on it, the fields of the landmarks, the largest behind. */
function nested(
  marks: readonly Growth[],
  width: number,
  height: number,
  largest: number,
  left: number,
  top: number,
): string {
  const scale = side / largest;
  const middle = [left + side / 2, top + side / 2] as const;
  const around = (size: readonly [number, number], attributes: Record<string, string | number>) =>
    element('rect', {
      x: middle[0] - (size[1] * scale) / 2,
      y: middle[1] - (size[0] * scale) / 2,
      width: size[1] * scale,
      height: size[0] * scale,
      ...attributes,
    });
  const fields = marks.map(({ field }, index) =>
    around(field.size, { fill: shade((index + 0.5) / marks.length), stroke: '#ffffff', 'stroke-width': 1 }),
  );
  return [
    ...fields.reverse(),
    around([height, width], { fill: 'none', stroke: colors.orange, 'stroke-width': 2, 'stroke-dasharray': '6 4' }),
    text(middle[0], top + side + 28, `input ${width}×${height}`, {
      anchor: 'middle',
      fill: colors.orange,
      weight: 'bold',
    }),
  ].join('\n');
}

/** The field's size over the layers at which it grows. */
function chart(
  growth: readonly Growth[],
  marks: readonly Growth[],
  input: number,
  largest: number,
  left: number,
  top: number,
): string {
  const x = (index: number) => left + (side * (index + 0.5)) / growth.length;
  const y = (size: number) => top + side - (side * size) / largest;
  const parts: string[] = [];
  for (const tick of ticks(largest)) {
    parts.push(
      element('line', { x1: left, x2: left + side, y1: y(tick), y2: y(tick), stroke: colors.grid, 'stroke-width': 1 }),
    );
    parts.push(text(left - 8, y(tick) + 5, String(tick), { anchor: 'end', size: 13, fill: colors.faint }));
  }
  const bar = (side / growth.length) * 0.72;
  for (const [index, { layer, size }] of growth.entries()) {
    const mark = marks.findIndex((each) => each.layer === layer);
    const next = marks.findIndex((each) => each.size >= size);
    parts.push(
      element('rect', {
        x: x(index) - bar / 2,
        y: y(size),
        width: bar,
        height: y(0) - y(size),
        fill: shade((next + 0.5) / marks.length),
      }),
    );
    if (mark >= 0)
      parts.push(text(x(index), y(size) - 6, String(size), { anchor: 'middle', size: 13, weight: 'bold' }));
  }
  parts.push(
    element('line', {
      x1: left,
      x2: left + side,
      y1: y(input),
      y2: y(input),
      stroke: colors.orange,
      'stroke-width': 2,
      'stroke-dasharray': '6 4',
    }),
  );
  parts.push(
    element('line', { x1: left, x2: left + side, y1: y(0), y2: y(0), stroke: colors.ink, 'stroke-width': 1.2 }),
  );
  parts.push(
    text(left + side / 2, top + side + 28, 'pixels, at each layer where it grows', {
      anchor: 'middle',
      fill: colors.faint,
    }),
  );
  return parts.join('\n');
}

/** The layers whose fields the left half shows, the largest on top. */
function legend(marks: readonly Growth[], left: number, top: number): string {
  return marks
    .map(({ layer, size }, index) => {
      const y = top + 8 + 26 * (marks.length - 1 - index);
      const swatch = element('rect', { x: left, y, width: 16, height: 16, fill: shade((index + 0.5) / marks.length) });
      return swatch + text(left + 24, y + 13, `${size}  ${layer.name}`);
    })
    .join('\n');
}

/** Round numbers up to the largest, about five. */
function ticks(largest: number): readonly number[] {
  const rough = largest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10;
  const distance = Math.max(1, unit * power);
  return Array.from({ length: Math.floor(largest / distance) + 1 }, (_, index) => index * distance);
}
