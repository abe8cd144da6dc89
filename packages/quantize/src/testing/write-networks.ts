/** Writes what src/fixtures/quantizer.py reads. Usage: tsx write-networks.ts FOLDER */
import { mkdirSync } from 'node:fs';
import { batches, networks } from './networks.js';
import { writeNetwork } from './write-network.js';

const [folder = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(networks)) {
  const model = make();
  const size = model.inputs[0]?.shape.slice(1).reduce((product: number, each) => product * (each ?? 1), 1) ?? 0;
  await writeNetwork(folder, name, model, batches(size));
}
