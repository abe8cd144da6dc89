import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ModelSummary } from '@cnnzoo/shape';
import { choice, command, imageShape, numeric, required, text } from '../command.js';
import { networkNames } from '../network-names.js';
import { buildOptions, onnxNetwork, openModel } from '../open-network.js';

export const summaryCommand = command({
  name: 'summary',
  summary: 'the layers of a network: shapes, parameters, multiply-accumulates, memory',
  examples: [
    'cnnzoo summary resnet50 --style markdown',
    'cnnzoo summary googlenet --svg googlenet.svg',
    'cnnzoo summary model.onnx',
  ],
  args: {
    network: required(
      "a network's name, a published set (resnet50.DEFAULT), a repository of the hub (hf-hub:owner/name), a folder with a saved model, or an .onnx file",
      networkNames,
    ),
  },
  options: {
    input: imageShape("the images; default: the network's own"),
    classes: numeric('number', "classes; default: the network's own", { least: 1 }),
    style: choice('style', 'default: torchsummary', ['torchsummary', 'keras', 'markdown', 'json']),
    svg: text('file', 'draw the graph of layers with its branches, and beside it the stages'),
  },
  async run({ args: { network }, options: { input, classes, style = 'torchsummary', svg } }) {
    const { formatSummary } = await import('@cnnzoo/shape');
    const summary = await summaryOf(network, input, classes);
    const data: unknown = JSON.parse(formatSummary(summary, { style: 'json' }));
    if (svg === undefined) return { text: formatSummary(summary, { style }).trimEnd(), data };
    const { drawGraph } = await import('../drawing/draw-graph.js');
    await writeFile(svg, drawGraph(summary));
    return { text: svg, data: { file: svg, summary: data } };
  },
});

async function summaryOf(
  network: string,
  input: [number, number, number] | undefined,
  classes: number | undefined,
): Promise<ModelSummary> {
  const { summarize } = await import('@cnnzoo/shape');
  if (network.endsWith('.onnx')) {
    if (classes !== undefined) throw new TypeError(`${network} is a file: it has its own classes`);
    const { layers, inputShape } = await onnxNetwork(network);
    return { ...summarize(layers, { inputShape: input ?? inputShape }), name: basename(network, '.onnx') };
  }
  const model = await openModel(network, buildOptions(input, classes));
  try {
    return summarize(model);
  } finally {
    model.dispose();
  }
}
