/** Writes what src/fixtures/quantizer.py reads. Usage: tsx write-networks.ts FOLDER */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calibratedNetwork } from '../network/calibrated-network.js';
import { batches, networks } from './networks.js';

const [folder = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(networks)) {
  const model = make();
  const size = model.inputs[0]?.shape.slice(1).reduce((product: number, each) => product * (each ?? 1), 1) ?? 0;
  const images = batches(size);
  const options = { method: 'minmax', perChannel: true, exclude: [], inputShape: undefined } as const;
  const { float, signature } = await calibratedNetwork(model, images, options);
  writeFileSync(join(folder, `${name}.onnx`), float);
  writeFileSync(
    join(folder, `${name}.json`),
    JSON.stringify({ input: signature.input, shape: [4, ...signature.inputShape] }),
  );
  writeFileSync(join(folder, `${name}.f32`), Buffer.concat(images.map(({ buffer }) => new Uint8Array(buffer))));
}
