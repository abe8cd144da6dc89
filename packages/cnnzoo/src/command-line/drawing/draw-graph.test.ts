import { summarize } from '@cnnzoo/shape';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';
import { createModel } from '../../networks/create-model.js';
import { drawGraph } from './draw-graph.js';
import { graphBlocks } from './graph-blocks.js';

const summaryOf = (id: 'lenet5' | 'resnet18' | 'googlenet') => {
  const model = createModel(id, { initialWeights: 'zeros' });
  try {
    return summarize(model);
  } finally {
    model.dispose();
  }
};

test('a convolution, its batch norm and its activation are one box, a sum another', () => {
  const blocks = graphBlocks(summaryOf('resnet18'));
  expect(blocks.find(({ name }) => name === 'conv1')).toMatchObject({
    title: 'conv 7×7, 64 /2',
    also: ['BN', 'ReLU'],
    kind: 'window',
  });
  expect(blocks.filter(({ title }) => title === '+')).toHaveLength(8);
  expect(blocks.filter(({ kind }) => kind === 'window')).toHaveLength(20);
});

test.each(['lenet5', 'resnet18', 'googlenet'] as const)(
  '%s: each box comes from another, and nothing is lost',
  (id) => {
    const summary = summaryOf(id);
    const blocks = graphBlocks(summary);
    const names = new Set(blocks.map(({ name }) => name));
    for (const { inputs } of blocks) for (const input of inputs) expect(names).toContain(input);
    const sum = (of: (block: (typeof blocks)[number]) => number) =>
      blocks.reduce((total, block) => total + of(block), 0);
    expect(sum(({ params }) => params)).toBe(summary.params);
    expect(sum(({ macs }) => macs)).toBe(summary.macs + summary.auxiliaryMacs);
    const svg = drawGraph(summary);
    expect(svg.match(/<path d="M[^"]*" fill="none" stroke="#7b8794"/g)).toHaveLength(
      blocks.reduce((edges, { inputs }) => edges + inputs.length, 0),
    );
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  },
);

/** Boxes of a drawing's texts. A character is taken to be 0.6 of its size wide, which most are not. */
function textBoxes(svg: string) {
  let [left, top] = [0, 0];
  return [
    ...svg.matchAll(
      /<g transform="translate\((\S+) (\S+)\)">|<text x="(\S+)" y="(\S+)" font-size="(\d+)" text-anchor="(\w+)"[^>]*>([^<]*)</g,
    ),
  ].flatMap(([, groupX, groupY, x, y, size, anchor, text = '']) => {
    if (groupX !== undefined) [left, top] = [Number(groupX), Number(groupY)];
    if (groupX !== undefined) return [];
    const width = 0.6 * Number(size) * text.length;
    const start = left + Number(x) - (anchor === 'middle' ? width / 2 : 0);
    const baseline = top + Number(y);
    return [
      {
        text,
        left: start,
        right: start + width,
        top: baseline - 0.75 * Number(size),
        bottom: baseline + Number(size) / 5,
      },
    ];
  });
}

const halved = { type: 'Conv2d', outChannels: 8, kernelSize: 3, stride: 2, padding: 1 } as const;
test.each([
  ['lenet5', () => summaryOf('lenet5')],
  ['resnet18', () => summaryOf('resnet18')],
  ['googlenet', () => summaryOf('googlenet')],
  ['a stage for each layer', () => summarize(Array(8).fill(halved), { inputShape: [256, 256, 3] })],
  ['one layer', () => summarize([halved], { inputShape: [32, 32, 3] })],
] as const)('%s: no two labels overlap, and all are inside', (_, summary) => {
  const svg = drawGraph(summary());
  const boxes = textBoxes(svg);
  const over = boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `${a.text} and ${b.text}`),
  );
  expect(over).toEqual([]);
  const [, width, height] = /width="(\S+)" height="(\S+)"/.exec(svg) ?? [];
  for (const { text, right, bottom } of boxes) {
    expect(right, text).toBeLessThan(Number(width));
    expect(bottom, text).toBeLessThan(Number(height));
  }
});
