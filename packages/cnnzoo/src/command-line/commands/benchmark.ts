import { columnsOf } from '../columns.js';
import { choice, command, numeric, optional } from '../command.js';
import { networkNames, networkRow } from '../network-names.js';

/** Enough for a median that one slow run does not move. */
const fewestRuns = 5;

export const benchmarkCommand = command({
  name: 'benchmark',
  summary: 'how fast this machine predicts and trains with a network',
  details:
    'Measures a network on this machine with random weights and images: prediction by the frozen network, and a step of training (forward, backward, update). Each figure is the median of all runs in the time given, after those that compile.',
  examples: ['cnnzoo benchmark resnet50 --batch 8', 'cnnzoo benchmark cifar_resnet20 --seconds 5 --json'],
  args: { network: optional("a network's name; default: resnet18", networkNames) },
  options: {
    batch: numeric('number', 'images at once; default: 1 for prediction and 16 for training', { least: 1 }),
    seconds: numeric('number', 'of each measurement; default: 3', { least: 0, whole: false }),
    only: choice('what', 'default: both', ['predict', 'train']),
  },
  async run({ args: { network = 'resnet18' }, options, output }) {
    const { id } = networkRow(network);
    const { batch, seconds = 3, only } = options;
    const { useBackend } = await import('@cnnzoo/backend-node');
    const { engine, device } = await useBackend();
    const { createModel } = await import('../../networks/create-model.js');
    const model = createModel(id, {});
    const { measurePrediction, measureTraining } = await import('../benchmark/measure.js');
    const time = { milliseconds: 1000 * seconds, fewestRuns };
    const rows = [];
    try {
      if (only !== 'train') {
        output.overwrite('measuring prediction');
        rows.push({ what: 'predict', ...(await measurePrediction(model, batch ?? 1, time)) });
      }
      if (only !== 'predict') {
        output.overwrite('measuring training');
        rows.push({ what: 'train', ...(await measureTraining(model, batch ?? 16, time)) });
      }
    } finally {
      output.overwrite('');
      model.dispose();
    }
    const table = columnsOf<(typeof rows)[number]>(
      [
        { title: id, cell: ({ what }) => what },
        { title: 'batch', right: true, cell: (row) => String(row.batch) },
        { title: 'ms', right: true, cell: ({ milliseconds }) => milliseconds.toFixed(1) },
        { title: 'images/s', right: true, cell: (row) => row.imagesPerSecond.toFixed(1) },
        { title: 'runs', right: true, cell: ({ runs }) => String(runs) },
      ],
      rows,
      output,
    );
    return { text: `${engine} on ${device}\n${table}`, data: { network: id, engine, device, measurements: rows } };
  },
});
