/** The graph of a network's layers with its branches, and beside it the stages: what happens on maps of one size, and what it costs. */
import type { ModelSummary } from '@cnnzoo/shape';
import { graphlib, layout } from '@dagrejs/dagre';
import { short } from '../numbers.js';
import { type Block, graphBlocks } from './graph-blocks.js';

/** Pixels. */
const margin = 28;
const head = 78;
const stageWidth = 190;
const boxHeight = 40;
const characterWidth = 7.2;
const titleHeight = 20;
const lineHeight = 16;
const labelGap = 8;

/** Fill and line of each kind of box: blue for what learns, orange for pooling, as in drawNetwork. */
const colors: Readonly<Record<Block['kind'], readonly [fill: string, line: string]>> = {
  window: ['#dbe8f6', '#2b6cb0'],
  linear: ['#bcd4ee', '#2b6cb0'],
  pool: ['#fbe9d4', '#d9822b'],
  merge: ['#ffffff', '#1f2933'],
  other: ['#f1f4f7', '#7b8794'],
};

interface Placed {
  readonly block: Block;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Stage {
  readonly size: string;
  readonly top: number;
  readonly bottom: number;
  readonly blocks: readonly Block[];
}

/** @returns an SVG document */
export function drawGraph(summary: ModelSummary): string {
  const blocks = graphBlocks(summary);
  const { placed, edges, width, height } = arrange(blocks);
  const left = margin + stageWidth;
  const totalWidth = Math.max(left + width + margin, 560);
  const labels = placeLabels(stagesOf(placed));
  const totalHeight = head + Math.max(height, ...labels.map((each) => each.top + each.height)) + margin;
  const totals = `${short(summary.macs)} multiply-accumulates, ${short(summary.params)} parameters`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${at(totalWidth)}" height="${at(totalHeight)}" viewBox="0 0 ${at(totalWidth)} ${at(totalHeight)}" font-family="Helvetica, Arial, sans-serif">`,
    `<title>${escaped(`${summary.name}: ${totals}`)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    label(margin, 38, summary.name, { size: 24, weight: 'bold' }),
    label(margin, 60, totals, { size: 15, fill: '#7b8794' }),
    `<g transform="translate(0 ${head})">`,
    ...labels.map(drawStage),
    '</g>',
    `<g transform="translate(${left} ${head})">`,
    ...edges.map((points) => `<path d="${curve(points)}" fill="none" stroke="#7b8794" stroke-width="1.3"/>`),
    ...placed.map(drawBox),
    '</g>',
    '</svg>\n',
  ].join('\n');
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function arrange(blocks: readonly Block[]): {
  placed: Placed[];
  edges: (readonly Point[])[];
  width: number;
  height: number;
} {
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 18, ranksep: 22, edgesep: 14, ranker: 'tight-tree' });
  for (const block of blocks) {
    const merge = block.kind === 'merge' && block.also.length === 0;
    const widest = Math.max(block.title.length, 0.86 * secondLine(block).length);
    graph.setNode(block.name, {
      width: merge ? Math.max(34, 16 + characterWidth * block.title.length) : 22 + characterWidth * widest,
      height: merge ? 24 : boxHeight,
    });
  }
  // A layer may take the same tensor twice.
  for (const { name, inputs } of blocks)
    for (const [i, input] of inputs.entries()) graph.setEdge(input, name, {}, `${i}`);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    placed: blocks.map((block) => ({ block, ...(graph.node(block.name) as Omit<Placed, 'block'>) })),
    edges: graph.edges().map((edge: { v: string; w: string }) => (graph.edge(edge) as { points: Point[] }).points),
    width,
    height,
  };
}

/** All blocks on maps of one size, in the order of their first. */
function stagesOf(placed: readonly Placed[]): Stage[] {
  const stages = new Map<string, Placed[]>();
  for (const each of placed) {
    if (each.block.auxiliary || each.block.title === 'input') continue;
    const { outputShape } = each.block;
    const size = outputShape.length === 3 && outputShape[0] !== 1 ? outputShape.slice(0, 2).join('×') : 'vector';
    stages.set(size, [...(stages.get(size) ?? []), each]);
  }
  return [...stages].map(([size, all]) => ({
    size,
    top: Math.min(...all.map(({ y, height }) => y - height / 2)),
    bottom: Math.max(...all.map(({ y, height }) => y + height / 2)),
    blocks: all.map(({ block }) => block),
  }));
}

interface StageLabel {
  readonly stage: Stage;
  readonly lines: readonly string[];
  readonly height: number;
  /** As high as its stage, or as near as the labels above and below leave room for. */
  readonly top: number;
}

/** Labels in their stages' order, none over another: those that would be are moved as a group, as little as their sum allows. */
function placeLabels(stages: readonly Stage[]): StageLabel[] {
  const labels = stages
    .map((stage) => ({ stage, lines: linesOf(stage), middle: (stage.top + stage.bottom) / 2 }))
    .map((each) => ({ ...each, height: titleHeight + lineHeight * each.lines.length }))
    .sort((a, b) => a.middle - b.middle);
  const groups: { members: typeof labels; top: number; height: number }[] = [];
  for (const each of labels) {
    let group = { members: [each], top: Math.max(0, each.middle - each.height / 2), height: each.height };
    for (let above = groups.at(-1); above !== undefined; above = groups.at(-1)) {
      if (above.top + above.height + labelGap <= group.top) break;
      groups.pop();
      const [moved, lower] = [above.members.length, group.members.length];
      const wanted = group.top - above.height - labelGap;
      group = {
        members: [...above.members, ...group.members],
        top: Math.max(0, (moved * above.top + lower * wanted) / (moved + lower)),
        height: above.height + labelGap + group.height,
      };
    }
    groups.push(group);
  }
  return groups.flatMap(({ members, top }) => {
    let next = top;
    return members.map(({ stage, lines, height }) => {
      const placed = { stage, lines, height, top: next };
      next += height + labelGap;
      return placed;
    });
  });
}

function linesOf({ size, blocks }: Stage): string[] {
  const convolutions = blocks.filter(({ kind }) => kind === 'window').length;
  const channels = Math.max(...blocks.map(({ outputShape }) => outputShape.at(-1) ?? 0));
  const sum = (of: (block: Block) => number) => blocks.reduce((total, block) => total + of(block), 0);
  const [macs, params] = [sum((block) => block.macs), sum((block) => block.params)];
  return [
    size === 'vector' ? `${channels} outputs at most` : `up to ${channels} channels`,
    ...(convolutions === 0 ? [] : [`${convolutions} convolution${convolutions === 1 ? '' : 's'}`]),
    ...(macs === 0 ? [] : [`${short(macs)} MACs`]),
    ...(params === 0 ? [] : [`${short(params)} parameters`]),
  ];
}

function drawStage({ stage, lines, height, top }: StageLabel): string {
  const right = margin + stageWidth - 22;
  const [middle, labelMiddle] = [(stage.top + stage.bottom) / 2, top + height / 2];
  const moved = Math.abs(labelMiddle - middle) > 2;
  return [
    `<path d="M${right - 6} ${at(stage.top)}h6V${at(stage.bottom)}h-6" fill="none" stroke="#d5dbe1" stroke-width="2"/>`,
    moved
      ? `<path d="M${right - 34} ${at(labelMiddle)}L${right} ${at(middle)}" fill="none" stroke="#d5dbe1" stroke-width="1.3"/>`
      : '',
    label(margin, top + 14, stage.size, { size: 17, weight: 'bold' }),
    ...lines.map((line, i) =>
      label(margin, top + titleHeight - 4 + lineHeight * (i + 1) - 2, line, { size: 12, fill: '#7b8794' }),
    ),
  ].join('');
}

function drawBox({ block, x, y, width, height }: Placed): string {
  const [fill, line] = colors[block.kind];
  const merge = height < boxHeight;
  const box = `<rect x="${at(x - width / 2)}" y="${at(y - height / 2)}" width="${at(width)}" height="${at(height)}" rx="${merge ? height / 2 : 5}" fill="${fill}" stroke="${line}" stroke-width="1.2"${block.auxiliary ? ' stroke-dasharray="4 3"' : ''}/>`;
  const hover = `<title>${escaped(`${block.name}: ${block.outputShape.join('×')}, ${short(block.macs)} MACs, ${short(block.params)} parameters`)}</title>`;
  if (merge) return `<g>${hover}${box}${label(x, y + 5, block.title, { anchor: 'middle', size: 13 })}</g>`;
  return `<g>${hover}${box}${label(x, y - 3, block.title, { anchor: 'middle', size: 13 })}${label(x, y + 13, secondLine(block), { anchor: 'middle', size: 11, fill: '#52606d' })}</g>`;
}

/** What follows in the box, or its name. */
function secondLine({ also, title, outputShape, name }: Block): string {
  if (also.length > 0) return also.join(', ');
  return title === 'input' ? outputShape.join('×') : name;
}

/** A line through the points, round at each. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${at(first.x)} ${at(first.y)}`;
  for (const [i, { x, y }] of rest.entries()) {
    const next = rest[i + 1];
    path +=
      next === undefined ? `L${at(x)} ${at(y)}` : `Q${at(x)} ${at(y)} ${at((x + next.x) / 2)} ${at((y + next.y) / 2)}`;
  }
  return path;
}

interface LabelStyle {
  readonly size: number;
  readonly anchor?: 'start' | 'middle';
  readonly fill?: string;
  readonly weight?: 'normal' | 'bold';
}

function label(x: number, y: number, content: string, style: LabelStyle): string {
  const { size, anchor = 'start', fill = '#1f2933', weight = 'normal' } = style;
  return `<text x="${at(x)}" y="${at(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill}" font-weight="${weight}">${escaped(content)}</text>`;
}

function at(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escaped(text: string): string {
  return text.replace(/[&<]/g, (sign) => (sign === '&' ? '&amp;' : '&lt;'));
}
