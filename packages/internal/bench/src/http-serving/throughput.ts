/** Images a second: the network alone with the same batches, over HTTP as tensors, and over HTTP as JPEG files, in turns. */
import { freeze } from '@cnnzoo/backend-onnx';
import { imagePreparer } from '@cnnzoo/data';
import { evaluationTransform, type Preprocessing } from '@cnnzoo/transforms';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { markdownTable } from 'markdown-table';
import { median } from '../statistics.js';
import { clientOf, tensorRequest } from './client.js';
import { startConstantServer, startServer } from './start-server.js';

export interface ThroughputOptions {
  /** Of the classifier, for the server. */
  readonly folder: string;
  readonly model: LayersModel;
  readonly preprocessing: Preprocessing;
  readonly jpeg: Buffer;
  readonly batch: number;
  readonly seconds: number;
  readonly rounds: number;
  /** Another server with the same `/classify`, such as the one in Python. */
  readonly peer: URL | null;
}

export async function throughput({
  folder,
  model,
  preprocessing,
  jpeg,
  batch,
  seconds,
  rounds,
  peer,
}: ThroughputOptions) {
  const [, height = 0, width = 0, channels = 0] = model.inputs[0]?.shape ?? [];
  const shape = [batch, Number(height), Number(width), Number(channels)];
  const images = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i));
  const frozen = freeze(model, { worker: true });
  const apart = freeze(model, { worker: true, processes: true });
  const server = await startServer({ folder, batch, maxQueueSize: 8 * batch });
  const client = clientOf(server.address, 32);
  const constant = await startConstantServer(4 * batch * Number(model.outputs[0]?.shape[1] ?? 0));
  const toConstant = clientOf(constant.address, 32);
  const other = peer && clientOf(peer, 32);
  const names = { input: model.inputNames[0] ?? '', output: model.outputNames[0] ?? '' };
  const { body, headers } = tensorRequest(images, shape, names);
  const preparer = imagePreparer({ transform: evaluationTransform(preprocessing), workers: 2 });

  /** Keeps `lanes` calls under way, and counts the images of those that end in time. */
  async function rate(lanes: number, each: number, call: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    let count = 0;
    const lane = async () => {
      while (performance.now() - start < 1000 * seconds) {
        await call();
        count += each;
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return (1000 * count) / (performance.now() - start);
  }
  const ok = async (answer: Promise<{ readonly status: number; readonly body: Buffer }>) => {
    const { status, body: text } = await answer;
    if (status !== 200) throw new Error(`${status}: ${text.toString('latin1', 0, 200)}`);
  };
  const ways: Record<string, () => Promise<number>> = {
    'frozen alone': () => rate(2, batch, () => frozen.run(images)),
    'frozen in a process': () => rate(2, batch, () => apart.run(images)),
    'tensors over HTTP': () => rate(4, batch, () => ok(client.post('/v2/models/network/infer', body, { headers }))),
    'tensors, HTTP alone': () => rate(4, batch, () => ok(toConstant.post('/', body, { headers }))),
    'decoding alone': () => rate(4, 1, () => preparer.prepare([jpeg])),
    'JPEG, HTTP alone': () => rate(4 * batch, 1, () => ok(toConstant.post('/', jpeg))),
    'JPEG over HTTP': () => rate(4 * batch, 1, () => ok(client.post('/classify', jpeg))),
    ...(other && { 'JPEG, Python': () => rate(4 * batch, 1, () => ok(other.post('/classify', jpeg))) }),
  };
  const rates = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = -1; round < rounds; round++)
    for (const [name, way] of round % 2 === 0 ? Object.entries(ways) : Object.entries(ways).reverse()) {
      const found = await way();
      // The first round warms up.
      if (round >= 0) rates.get(name)?.push(found);
    }
  await Promise.all([server.close(), constant.close(), frozen.dispose(), apart.dispose(), preparer.close()]);
  client.close();
  toConstant.close();
  other?.close();

  const of = (name: string) => median(rates.get(name) ?? [Number.NaN]);
  /** What the machine could do where nothing but these had a cost: each takes all of it in turns. */
  const together = (...names: string[]) => 1 / names.reduce((sum, name) => sum + 1 / of(name), 0);
  const parts: Record<string, readonly string[]> = {
    'tensors over HTTP': ['frozen alone', 'tensors, HTTP alone'],
    'JPEG over HTTP': ['frozen alone', 'decoding alone', 'JPEG, HTTP alone'],
  };
  const ratio = (name: string, names: readonly string[] | undefined) =>
    names === undefined ? '' : (of(name) / together(...names)).toFixed(3);
  console.log(
    markdownTable([
      ['', 'images a second', 'of frozen alone', 'of frozen and decoding', 'of these and HTTP alone'],
      ...[...rates.keys()].map((name) => [
        name,
        of(name).toFixed(1),
        ratio(name, ['frozen alone']),
        ratio(name, ['frozen alone', 'decoding alone']),
        ratio(name, parts[name]),
      ]),
    ]),
  );
}
