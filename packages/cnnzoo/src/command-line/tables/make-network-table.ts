/**
 * Writes network-table.ts: `pnpm --filter cnnzoo exec tsx src/command-line/tables/make-network-table.ts`. Building fifty networks takes
 * half a minute, and `cnnzoo list` has a third of a second.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { listModels } from '../../networks/create-model.js';
import { describeNetwork } from './describe-networks.js';

const lines = listModels().map((id) => {
  const spaced = JSON.stringify(describeNetwork(id), null, 1).replace(/\n\s*/g, ' ');
  return `  ${spaced
    .replace(/"(\w+)":/g, '$1:')
    .replaceAll('"', "'")
    .replaceAll('[ ', '[')
    .replaceAll(' ]', ']')},`;
});
writeFileSync(
  fileURLToPath(new URL('network-table.ts', import.meta.url)),
  `/** Written by make-network-table.ts, and held against the networks by a test. */
import type { NetworkRow } from './network-row.js';

// biome-ignore format: a network a line
export const networkTable: readonly NetworkRow[] = [
${lines.join('\n')}
];
`,
);
