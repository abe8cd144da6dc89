import { check, checkFewOptions, optional, string } from '@cnnzoo/checks';
import { short } from '../format/numbers.js';
import type { Shape } from '../layer-spec.js';
import type { ModelSummary } from '../summarize.js';
import { summaryRule } from '../summary-rule.js';
import { stagesOf } from './stages.js';
import { colors, drawing, element, polygon, text } from './svg.js';

/** The options of `drawNetwork`. */
export interface DrawNetworkOptions {
  /** Title of the drawing. Default: the network's name. */
  title?: string;
}

/** Pixels: a map as high as the input, a square of the most expensive column, the gap between columns, the margins. */
const fullHeight = 170;
const fullSquare = 74;
const gap = 26;
const margin = 28;

interface Box {
  /** Along the channels, the height of the map, and how far its width goes back. */
  readonly thickness: number;
  readonly height: number;
  readonly depth: number;
}

/** Sizes grow with the root, so that a 7x7 map beside 224x224, or 3 channels beside 2,048, still show. */
function box(shape: Shape, inputHeight: number): Box {
  if (shape.length !== 3) {
    return { thickness: 12, height: Math.min(fullHeight, 16 + 2.2 * Math.sqrt(shape[0] ?? 1)), depth: 5 };
  }
  const [height = 1, width = 1, channels = 1] = shape;
  const length = (size: number) => 8 + (fullHeight - 8) * Math.sqrt(size / inputHeight);
  return { thickness: 4 + 2 * Math.sqrt(channels), height: length(height), depth: 0.3 * length(width) };
}

/** A map as a box seen from the front right: the channels to the right, the height up, the width to the back. */
function drawBox(x: number, bottom: number, { thickness, height, depth }: Box): string {
  const top = bottom - height;
  const right = x + thickness;
  const line = { stroke: colors.blue, 'stroke-width': 1.2, 'stroke-linejoin': 'round' };
  return [
    polygon(
      [
        [x, top],
        [x + depth, top - depth],
        [right + depth, top - depth],
        [right, top],
      ],
      { fill: colors.blueLighter, ...line },
    ),
    polygon(
      [
        [right, top],
        [right + depth, top - depth],
        [right + depth, bottom - depth],
        [right, bottom],
      ],
      { fill: colors.blueDark, ...line },
    ),
    element('rect', { x, y: top, width: thickness, height, fill: colors.blueLight, ...line }),
  ].join('');
}

function sizeText(shape: Shape): string {
  return shape.join('×');
}

/**
 * Draws a network as a row of feature maps (a column a layer, or in large networks a column for all layers on maps of one size), and under
 * each what its layers cost: squares whose area is the share of multiply-accumulates and of parameters.
 *
 * @param summary what `summarize` returned
 * @param options a title
 * @returns an SVG document
 *
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { resnet50 } from '@cnnzoo/resnet';
 * import { summarize } from '@cnnzoo/shape';
 * import { drawNetwork } from '@cnnzoo/shape/draw';
 *
 * await writeFile('resnet50.svg', drawNetwork(summarize(resnet50())));
 */
export function drawNetwork(summary: ModelSummary, options: DrawNetworkOptions = {}): string {
  check('summary', summary, summaryRule);
  checkFewOptions<DrawNetworkOptions>('drawNetwork', options, { title: optional(string()) });
  const title = options.title ?? summary.name;
  const stages = stagesOf(summary);
  const inputHeight = Math.max(
    summary.inputShape[0] ?? 1,
    ...stages.map(({ outputShape }) => (outputShape.length === 3 ? (outputShape[0] ?? 1) : 1)),
  );
  const columns = [{ outputShape: summary.inputShape, lines: ['input'], params: 0, macs: 0 }, ...stages].map(
    (stage) => {
      const shape = box(stage.outputShape, inputHeight);
      const labels = [sizeText(stage.outputShape), ...stage.lines];
      const labelWidth = Math.max(...labels.map((label) => 7.4 * label.length), 60);
      return { ...stage, box: shape, width: Math.max(shape.thickness + shape.depth, labelWidth, fullSquare) };
    },
  );
  const most = (of: (column: (typeof columns)[number]) => number) => Math.max(1, ...columns.map(of));
  const mostMacs = most(({ macs }) => macs);
  const mostParams = most(({ params }) => params);
  const tallest = Math.max(...columns.map((column) => column.box.height + column.box.depth));
  const lineCount = Math.max(...columns.map(({ lines }) => lines.length));
  const captions = 96;
  const mapsBottom = 76 + tallest;
  const labelsTop = mapsBottom + 24;
  const macsTop = labelsTop + 18 * lineCount + 26;
  const paramsTop = macsTop + fullSquare + 44;
  const height = paramsTop + fullSquare + 40;
  const parts: string[] = [];
  let x = margin + captions;
  for (const column of columns) {
    const middle = x + column.width / 2;
    const left = middle - (column.box.thickness + column.box.depth) / 2;
    parts.push(drawBox(left, mapsBottom, column.box));
    parts.push(text(middle, labelsTop, sizeText(column.outputShape), { anchor: 'middle', weight: 'bold' }));
    for (const [index, line] of column.lines.entries()) {
      parts.push(text(middle, labelsTop + 18 * (index + 1), line, { anchor: 'middle', size: 13 }));
    }
    parts.push(square(middle, macsTop, column.macs / mostMacs, colors.blue, column.macs));
    parts.push(square(middle, paramsTop, column.params / mostParams, colors.orange, column.params));
    x += column.width + gap;
  }
  const width = x - gap + margin;
  const totals = `${short(summary.macs)} multiply-accumulates, ${short(summary.params)} parameters`;
  return drawing(width, height, `${title}: ${totals}`, [
    text(margin, 38, title, { size: 24, weight: 'bold' }),
    text(margin, 60, totals, { size: 15, fill: colors.faint }),
    caption(macsTop, ['multiply-', 'accumulates'], colors.blue),
    caption(paramsTop, ['parameters'], colors.orange),
    ...parts,
  ]);
}

function caption(top: number, lines: readonly string[], fill: string): string {
  return lines
    .map((line, index) =>
      text(margin, top + fullSquare / 2 + 5 + 18 * (index - (lines.length - 1) / 2), line, { fill, weight: 'bold' }),
    )
    .join('');
}

/** A square of that share of the largest one's area, with its number under it. */
function square(middle: number, top: number, share: number, fill: string, count: number): string {
  if (count === 0) return '';
  const side = Math.max(1.5, fullSquare * Math.sqrt(share));
  const y = top + (fullSquare - side) / 2;
  return (
    element('rect', { x: middle - side / 2, y, width: side, height: side, fill, rx: 1.5 }) +
    text(middle, top + fullSquare + 18, short(count), { anchor: 'middle', size: 13 })
  );
}
