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
