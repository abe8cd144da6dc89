/** Objects with methods that take more to make than arguments of the right types. Each is made once. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOnnx, freeze, openOnnxGraph } from '@cnnzoo/backend-onnx';
import { setModelMetadata } from '@cnnzoo/blocks';
import { arrayDataset, DataLoader, imagePreparer, webDataset, writeWebDataset } from '@cnnzoo/data';
import { quantize } from '@cnnzoo/quantize';
import { createServer as createModelServer } from '@cnnzoo/serve';
import { mlflowLog } from '@cnnzoo/train';
import { compose, resize, toTensor } from '@cnnzoo/transforms';
import { imageClassifier } from 'cnnzoo';
import { smallModel } from './stand-ins.js';
import type { MadeByHand } from './targets.js';

const dataset = () =>
  arrayDataset({
    data: new Uint8Array(4 * 64),
    labels: [0, 1, 0, 1],
    categories: ['a', 'b'],
    width: 8,
    height: 8,
    channels: 1,
  });

function smallClassifier() {
  const model = smallModel();
  setModelMetadata(model, {
    preprocessing: { resizeSize: 8, cropSize: 8, mean: [0.5], std: [0.5] },
    categories: ['a', 'b'],
  });
  return imageClassifier(model);
}

/** A log whose server takes everything. */
async function remoteLog() {
  const server = createServer((_, response) =>
    response.end(JSON.stringify({ experiment: { experiment_id: '1' }, run: { info: { run_id: '1' } } })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const log = mlflowLog({ uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return Object.assign(log, { close });
}

/** By their types' names. */
export const madeByHand: Readonly<Record<string, MadeByHand>> = {
  FrozenModel: { make: () => freeze(smallModel(), { threads: 1 }), takesImages: true },
  FrozenModelInWorker: { make: () => freeze(smallModel(), { threads: 1, worker: true }), takesImages: true },
  OnnxGraphSession: { make: () => openOnnxGraph(exportOnnx(smallModel()), { threads: 1 }) },
  QuantizedModel: { make: () => quantize(smallModel(), [new Float32Array(64)]) },
  ImageClassifier: { make: smallClassifier },
  ModelServer: {
    make: () =>
      createModelServer({ models: [{ name: 'small', classifier: smallClassifier() }], log: false, modelControl: true }),
  },
  RemoteLog: { make: remoteLog },
  DataLoader: { make: () => new DataLoader(dataset(), { batchSize: 2 }) },
  ArrayDataset: { make: dataset },
  ShardedDataset: {
    make: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-shards-'));
      await writeWebDataset(dataset(), folder);
      const shard = new Uint8Array(readFileSync(join(folder, 'data-000000.tar')));
      rmSync(folder, { recursive: true });
      return webDataset([shard]);
    },
  },
  ImagePreparer: {
    make: () => imagePreparer({ transform: compose([resize(8), toTensor()]), channels: 1, workers: 0 }),
  },
};
