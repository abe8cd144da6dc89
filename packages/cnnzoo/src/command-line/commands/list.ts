import { type Column, columnsOf } from '../columns.js';
import { choice, command, flag } from '../command.js';
import { familyNames } from '../network-names.js';
import { fileSize, short } from '../numbers.js';
import type { NetworkRow, WeightsRow } from '../tables/network-row.js';
import { networkTable } from '../tables/network-table.js';

const mebibyte = 2 ** 20;

const networkColumns: readonly Column<NetworkRow>[] = [
  { title: 'network', cell: ({ id }) => id },
  { title: 'input', spare: true, cell: ({ input }) => input },
  { title: 'parameters', right: true, cell: ({ params }) => short(params) },
  { title: 'MACs', right: true, cell: ({ macs }) => short(macs) },
  { title: 'top-1', right: true, cell: ({ weights }) => percent(weights[0]) },
  { title: 'size', right: true, cell: ({ bytes, weights }) => size(weights[0], bytes) },
  { title: 'weights', spare: true, cell: ({ weights }) => weights[0]?.name ?? '' },
  { title: 'licence', cell: ({ weights }) => weights[0]?.licence ?? '' },
];

type SetOfNetwork = WeightsRow & Pick<NetworkRow, 'id' | 'bytes'>;

const weightsColumns: readonly Column<SetOfNetwork>[] = [
  { title: 'network', cell: ({ id }) => id },
  { title: 'weights', cell: ({ name }) => name },
  { title: 'top-1', right: true, cell: percent },
  { title: 'size', right: true, cell: (set) => size(set, set.bytes) },
  { title: 'licence', cell: ({ licence }) => licence ?? '' },
];

export const listCommand = command({
  name: 'list',
  summary: 'the networks: parameters, multiply-accumulates, accuracy, size, licence',
  details:
    'The networks. Top-1 (percent on ImageNet), size and licence are those of the most accurate published set of weights; without one, the size is that of the parameters. MACs are multiply-accumulates of one image.',
  examples: ['cnnzoo list --family resnet', 'cnnzoo list --weights --json'],
  args: {},
  options: {
    family: choice('family', 'those of one family', familyNames),
    weights: flag('the published sets of weights, a line each'),
  },
  async run({ options: { family, weights }, output }) {
    const rows = networkTable.filter((row) => family === undefined || row.family === family);
    if (weights !== true) return { text: columnsOf(networkColumns, rows, output), data: rows };
    const sets = rows.flatMap((row) =>
      row.weights.map((set): SetOfNetwork => ({ ...set, id: row.id, bytes: row.bytes })),
    );
    return {
      text: sets.length === 0 ? 'no published weights' : columnsOf(weightsColumns, sets, output),
      data: sets.map(({ id, bytes: _, ...set }) => ({ network: id, ...set })),
    };
  },
});

function percent(set: WeightsRow | undefined): string {
  return set?.top1 == null ? '' : `${set.top1.toFixed(1)} %`;
}

function size(set: WeightsRow | undefined, bytes: number): string {
  return fileSize(set?.megabytes == null ? bytes : set.megabytes * mebibyte);
}
