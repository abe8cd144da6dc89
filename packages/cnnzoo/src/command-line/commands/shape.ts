import { layerGrammar, parseLayers } from '@cnnzoo/shape/words';
import { choice, command, imageShape, required } from '../command.js';

export const shapeCommand = command({
  name: 'shape',
  summary: 'what comes out of layers written in words, and what each costs',
  details: `What comes out of layers written in words, and what each costs, without building a network.\n\n${layerGrammar}`,
  examples: ['cnnzoo shape "conv 5x5/6 relu pool 2 conv 5x5/16 relu pool 2 flatten linear 120" --input 32x32x1'],
  args: { layers: required('the layers, in quotation marks') },
  options: {
    input: imageShape('the images; default: 224x224x3'),
    style: choice('style', 'default: markdown', ['markdown', 'torchsummary', 'keras', 'json']),
  },
  async run({ args: { layers }, options: { input = [224, 224, 3], style = 'markdown' } }) {
    const { formatSummary, summarize } = await import('@cnnzoo/shape');
    const summary = summarize(parseLayers(layers), { inputShape: input });
    const data: unknown = JSON.parse(formatSummary(summary, { style: 'json' }));
    return { text: formatSummary(summary, { style }).trimEnd(), data };
  },
});
