/** A network that an npm package ships for tfjs-converter: nsfwjs's MobileNetV2, 224x224 pixels to five classes. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import type { io } from '@tensorflow/tfjs-core';

/** The package holds model.json and its weights as CommonJS modules of JSON and base64. */
export async function shippedGraphModel(): Promise<GraphModel> {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('nsfwjs')), '..', 'models', 'mobilenet_v2_mid');
  const json = require(join(folder, 'model.min.js')) as {
    modelTopology: object;
    weightsManifest: { paths: string[]; weights: io.WeightsManifestEntry[] }[];
  };
  const bytes = json.weightsManifest
    .flatMap(({ paths }) => paths)
    .map((path) => Buffer.from(require(join(folder, `${path}.min.js`)) as string, 'base64'));
  const whole = Buffer.concat(bytes);
  return loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
      weightData: whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.byteLength) as ArrayBuffer,
    }),
  });
}
