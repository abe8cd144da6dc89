/** A server under load that nobody wants: every request is answered once and rightly, or refused at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { freeze } from '@cnnzoo/backend-onnx';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { quantile } from '../statistics.js';
import { type Answered, type Client, clientOf, tensorOf, tensorRequest } from './client.js';
import { type RunningServer, startServer } from './start-server.js';

export interface LoadOptions {
  /** Of the classifier, for the server. */
  readonly folder: string;
  readonly model: LayersModel;
  readonly seconds: number;
}

const infer = '/v2/models/network/infer';

/** Requests of one image each, with what the network says to them. */
async function drawnRequests(model: LayersModel, count: number) {
  const shape = [1, ...(model.inputs[0]?.shape.slice(1) ?? []).map(Number)];
  const size = shape.reduce((a, b) => a * b, 1);
  const names = { input: model.inputNames[0] ?? '', output: model.outputNames[0] ?? '' };
  const frozen = freeze(model);
  const requests = Array.from({ length: count }, (_, seed) => {
    const image = Float32Array.from({ length: size }, (_value, i) => Math.sin(i * (seed + 1)));
    return { ...tensorRequest(image, shape, names), wanted: frozen.run(image) };
  });
  frozen.dispose();
  return requests;
}

type Drawn = Awaited<ReturnType<typeof drawnRequests>>[number];

/** Whether an answer has the outputs of its own image: a batch of another size may differ in the last bits. */
function isRight(answered: Answered, { wanted }: Drawn): boolean {
  const got = tensorOf(answered);
  return got.length === wanted.length && got.every((value, i) => Math.abs(value - (wanted[i] ?? 0)) < 1e-3);
}

const line = (times: readonly number[]) =>
  times.length === 0
    ? 'none'
    : [0.5, 0.99, 1].map((share) => `${(100 * share).toFixed(0)} % ${quantile(times, share).toFixed(1)} ms`).join(', ');

/** 1,000 connections, one request in ten invalid and one in twenty aborted, and a worker that dies every 5 seconds. */
export async function soak({ folder, model, seconds }: LoadOptions): Promise<void> {
  const requests = await drawnRequests(model, 32);
  const server = await startServer({ folder, batch: 8, maxQueueSize: 2000 });
  const client = clientOf(server.address, 1000);
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const times: number[] = [];
  const memory: number[] = [];
  const end = performance.now() + 1000 * seconds;
  let turn = 0;
  const connection = async () => {
    while (performance.now() < end) {
      const number = turn++;
      const drawn = requests[number % requests.length] as Drawn;
      const { body, headers } = drawn;
      if (number % 10 === 3) {
        await client.post(infer, body.subarray(0, body.length - 5), { headers }).then(
          ({ status }) => count(`invalid: ${status}`),
          (error: NodeJS.ErrnoException) => count(`invalid: ${error.code ?? error.message}`),
        );
      } else if (number % 20 === 5) {
        const signal = AbortSignal.timeout(number % 50);
        await client.post(infer, body, { headers, signal }).then(
          () => count('aborted too late'),
          () => count('aborted'),
        );
      } else {
        const answered = await client.post(infer, body, { headers }).catch((error: NodeJS.ErrnoException) => error);
        if (answered instanceof Error) count(answered.code ?? answered.message);
        else if (answered.status === 200) {
          times.push(answered.time);
          count(isRight(answered, drawn) ? 'right' : 'WRONG');
        } else count(String(answered.status));
      }
    }
  };
  const chaos = async () => {
    for (let second = 1; performance.now() < end; second++) {
      await delay(1000);
      const told = await server.tell('memory');
      if ('memory' in told) memory.push(told.memory / 2 ** 20);
      if (second % 5 === 0) await server.tell('kill a worker');
    }
  };
  await Promise.all([...Array.from({ length: 1000 }, connection), chaos()]);
  const code = await server.close();
  client.close();
  console.log(`${turn} requests: ${[...counts].map(([what, n]) => `${what} ${n}`).join(', ')}; exit code ${code}`);
  console.log(`times of the right ones: ${line(times)}`);
  console.log(
    `memory, MiB each ten seconds: ${memory
      .filter((_, i) => i % 10 === 9)
      .map(Math.round)
      .join(', ')}`,
  );
}

/** Requests at a fixed rate, whether they are answered or not. */
async function atRate(client: Client, requests: readonly Drawn[], rate: number, seconds: number) {
  const outcomes: { status: number; time: number; right: boolean }[] = [];
  const open: Promise<void>[] = [];
  const start = performance.now();
  for (let sent = 0; performance.now() - start < 1000 * seconds; ) {
    for (const due = ((performance.now() - start) / 1000) * rate; sent < due; sent++) {
      const drawn = requests[sent % requests.length] as Drawn;
      open.push(
        client.post(infer, drawn.body, { headers: drawn.headers }).then(
          (answered) => {
            const { status, time } = answered;
            outcomes.push({ status, time, right: status !== 200 || isRight(answered, drawn) });
          },
          () => void outcomes.push({ status: 0, time: 0, right: false }),
        ),
      );
    }
    await delay(2);
  }
  await Promise.all(open);
  return outcomes;
}

/** The most images a second that the server answers. */
async function capacity(client: Client, requests: readonly Drawn[], seconds: number): Promise<number> {
  const start = performance.now();
  let answered = 0;
  const lane = async (index: number) => {
    for (let i = index; performance.now() - start < 1000 * seconds; i++) {
      const { body, headers } = requests[i % requests.length] as Drawn;
      if ((await client.post(infer, body, { headers })).status === 200) answered++;
    }
  };
  await Promise.all(Array.from({ length: 24 }, (_, index) => lane(index)));
  return (1000 * answered) / (performance.now() - start);
}

/** Milliseconds that a batch takes, of those since the server began. */
async function computeTime(address: URL): Promise<number> {
  const answer = await fetch(new URL('/v2/models/network/stats', address));
  const { model_stats: stats } = (await answer.json()) as { model_stats: { inference_stats: Stats }[] };
  const { ns = 0, count = 0 } = stats[0]?.inference_stats.compute_infer ?? {};
  return ns / count / 1e6;
}

interface Stats {
  readonly compute_infer: { readonly count: number; readonly ns: number };
}

/** Times at 80 % of what it can do; and at three times that, where it shall answer within three times what a full batch takes. */
export async function overload({ folder, model, seconds }: LoadOptions): Promise<void> {
  const requests = await drawnRequests(model, 32);
  const loaded = async (rate: (most: number) => number, most: number, timeout?: number) => {
    const server = await startServer({ folder, batch: 8, ...(timeout !== undefined && { timeout }) });
    const client = clientOf(server.address, 512);
    await capacity(client, requests, 2);
    const found = most || (await capacity(client, requests, seconds));
    const full = await computeTime(server.address);
    const outcomes = await atRate(client, requests, rate(found), seconds);
    await server.close();
    client.close();
    const accepted = outcomes.filter(({ status }) => status === 200);
    const refused = outcomes.filter(({ status }) => status === 429 || status === 503);
    const others = outcomes.length - accepted.length - refused.length;
    console.log(
      `at ${rate(found).toFixed(1)} images a second, of ${found.toFixed(1)} at most; a full batch takes ${full.toFixed(1)} ms: ${accepted.length} accepted, ${refused.length} refused, ${others} others, ${outcomes.filter(({ right }) => !right).length} wrong`,
    );
    console.log(`  accepted: ${line(accepted.map(({ time }) => time))}`);
    console.log(`  refused: ${line(refused.map(({ time }) => time))}`);
    return { found, full };
  };
  const { found, full } = await loaded((most) => 0.8 * most, 0);
  await loaded((most) => 3 * most, found, 3 * full);
}

/** The model is replaced three times, and the server closed, while clients ask: none may see a failure but those that come when it is gone. */
export async function replacement({ folder, model, seconds }: LoadOptions): Promise<void> {
  const requests = await drawnRequests(model, 8);
  const server: RunningServer = await startServer({ folder, batch: 8, maxQueueSize: 1000 });
  const client = clientOf(server.address, 16);
  const counts = new Map<string, number>();
  let closed = false;
  const lane = async (index: number) => {
    for (let i = index; ; i++) {
      const drawn = requests[i % requests.length] as Drawn;
      const outcome = await client.post(infer, drawn.body, { headers: drawn.headers }).then(
        ({ status }) => String(status),
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      if (outcome === 'ECONNREFUSED' && closed) return;
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      if (outcome !== '200') return;
    }
  };
  const lanes = Array.from({ length: 16 }, (_, index) => lane(index));
  for (let i = 0; i < 3; i++) {
    await delay((1000 * seconds) / 4);
    await server.tell('replace');
  }
  await delay((1000 * seconds) / 4);
  closed = true;
  const code = await server.close();
  await Promise.all(lanes);
  client.close();
  console.log(
    `3 replacements and a drain: ${[...counts].map(([what, n]) => `${what} ${n}`).join(', ')}; exit code ${code}`,
  );
}
