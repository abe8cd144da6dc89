/** What src/fixtures/quantizer.py reads of a network: its float graph as this package prepares it, and its calibration images. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { calibratedNetwork } from '../network/calibrated-network.js';
import { resolved } from '../options.js';

/** @param images batches of one size */
export async function writeNetwork(
  folder: string,
  name: string,
  model: LayersModel,
  images: readonly Float32Array[],
): Promise<void> {
  const { float, signature } = await calibratedNetwork(model, images, resolved({}, images));
  const size = signature.inputShape.reduce((product, each) => product * each, 1);
  const count = (images[0]?.length ?? 0) / size;
  writeFileSync(join(folder, `${name}.onnx`), float);
  writeFileSync(
    join(folder, `${name}.json`),
    JSON.stringify({ input: signature.input, shape: [count, ...signature.inputShape] }),
  );
  writeFileSync(join(folder, `${name}.f32`), Buffer.concat(images.map(({ buffer }) => new Uint8Array(buffer))));
}
