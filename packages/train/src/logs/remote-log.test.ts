import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import answers from '../fixtures/log-servers.json' with { type: 'json' };
import type { TrainEvent } from '../loop/events.js';
import { mlflowLog } from './mlflow-log.js';
import { trackioLog } from './trackio-log.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.unstubAllEnvs();
});

interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** Of a real server, as fixtures/log-servers.ts has written it down. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A server that answers what `answer` says. @param failures requests that are refused first */
async function server(answer: (asked: Asked) => Answer, failures = 0) {
  const requests: Asked[] = [];
  let refused = 0;
  const http = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const asked = { path: request.url ?? '', headers: request.headers, body: text === '' ? {} : JSON.parse(text) };
    if (refused++ < failures) return void response.writeHead(503).end('busy');
    requests.push(asked);
    const { status, body } = answer(asked);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, requests };
}

const step = (number: number, loss = 1 / number): TrainEvent => ({
  type: 'step',
  step: number,
  epoch: 0,
  batch: number,
  count: 8,
  loss,
  accuracy: 0.5,
  metrics: { top5: 0.75 },
  epochLoss: loss,
  epochAccuracy: 0.5,
  learningRate: 0.1,
  gradientNorm: Number.NaN,
  milliseconds: 3,
});
const epoch: TrainEvent = {
  type: 'epoch',
  epoch: 0,
  step: 3,
  loss: 0.5,
  accuracy: 0.25,
  metrics: {},
  learningRate: 0.1,
  seconds: 1,
  validation: { loss: 0.4, accuracy: 1, metrics: {} },
};

const { mlflow: mlflowAnswers, trackio: trackioAnswers } = answers;
const experimentId = (JSON.parse(mlflowAnswers.experimentCreated.body) as { experiment_id: string }).experiment_id;
const runId = (JSON.parse(mlflowAnswers.runCreated.body) as { run: { info: { run_id: string } } }).run.info.run_id;
/** Names that MLflow takes, as its refusal lists them. */
const goodName = /^[\p{L}\p{N}_./: -]+$/u;

/** What MLflow answers, with an experiment of this name. */
const mlflow =
  (known: string) =>
  ({ path, body }: Asked): Answer => {
    if (path.includes('experiments/get-by-name'))
      return decodeURIComponent(path).endsWith(`=${known}`)
        ? mlflowAnswers.experimentKnown
        : mlflowAnswers.experimentUnknown;
    if (path.endsWith('experiments/create')) return mlflowAnswers.experimentCreated;
    if (path.endsWith('runs/create')) return mlflowAnswers.runCreated;
    if (path.endsWith('runs/update')) return mlflowAnswers.runUpdated;
    if (!path.endsWith('runs/log-batch')) return mlflowAnswers.otherPath;
    const named = [...((body['params'] as Metric[]) ?? []), ...((body['metrics'] as Metric[]) ?? [])];
    return named.every(({ key }) => goodName.test(key)) ? mlflowAnswers.metricsLogged : mlflowAnswers.parameterRefused;
  };

interface Metric {
  readonly key: string;
  readonly value: number | string;
  readonly step: number;
}
const metricsIn = (requests: readonly Asked[]) =>
  requests.flatMap(({ body }) => (body['metrics'] as Metric[] | undefined) ?? []);

describe('mlflowLog', () => {
  test('makes the experiment and the run, sends each figure once, and says how it ended', async () => {
    const { address, requests } = await server(mlflow('other'));
    vi.stubEnv('MLFLOW_TRACKING_TOKEN', 'secret');
    const log = mlflowLog({
      uri: `${address}/`,
      experiment: 'pets & co',
      run: 'first',
      parameters: { epochs: 2, 'from (file)': 'x' },
    });
    for (let i = 1; i <= 400; i++) log(step(i));
    log(epoch);
    await log.finish();
    const paths = requests.map(({ path }) => path.replace('/api/2.0/mlflow/', '').replace(/\?.*/, ''));
    expect([...new Set(paths)]).toEqual([
      'experiments/get-by-name',
      'experiments/create',
      'runs/create',
      'runs/log-batch',
      'runs/update',
    ]);
    expect(requests[1]?.body).toEqual({ name: 'pets & co' });
    expect(requests[2]?.body).toMatchObject({ experiment_id: experimentId, run_name: 'first' });
    expect(requests[3]?.body['params']).toEqual([
      { key: 'epochs', value: '2' },
      { key: 'from _file_', value: 'x' },
    ]);
    expect(requests.every(({ headers }) => headers.authorization === 'Bearer secret')).toBe(true);
    const metrics = metricsIn(requests);
    expect(metrics).toHaveLength(400 * 5 + 4);
    expect(metrics.filter(({ key }) => key === 'step/loss').map(({ step: at }) => at)).toEqual(
      Array.from({ length: 400 }, (_, i) => i + 1),
    );
    expect(metrics.find(({ key }) => key === 'step/gradientNorm')?.value).toBe('NaN');
    expect(metrics.find(({ key }) => key === 'validation/accuracy')).toMatchObject({ value: 1, step: 3 });
    for (const { body } of requests)
      expect((body['metrics'] as unknown[] | undefined)?.length ?? 0).toBeLessThanOrEqual(1000);
    expect(requests.at(-1)?.body).toMatchObject({ run_id: runId, status: 'FINISHED' });
  });

  test('waits for a server that is busy, and tells of an interruption and of a failure', async () => {
    const { address, requests } = await server(mlflow('Default'), 2);
    vi.stubEnv('MLFLOW_TRACKING_URI', address);
    vi.stubEnv('MLFLOW_TRACKING_USERNAME', 'me');
    vi.stubEnv('MLFLOW_TRACKING_PASSWORD', 'pass');
    const log = mlflowLog();
    log(step(1));
    log({ type: 'interrupted', reason: 'SIGINT', step: 1 });
    await log.finish();
    expect(metricsIn(requests)).toHaveLength(5);
    expect(requests.at(-1)?.body).toMatchObject({ status: 'KILLED' });
    expect(requests[0]?.headers.authorization).toBe(`Basic ${btoa('me:pass')}`);
    const other = mlflowLog();
    await other.finish(true);
    expect(requests.at(-1)?.body).toMatchObject({ status: 'FAILED' });
  });

  test('names the server that does not answer, or is another one', async () => {
    const { address } = await server(() => ({ status: 403, body: '{"message": "not you"}' }));
    const log = mlflowLog({ uri: address });
    expect(() => log(step(1))).not.toThrow();
    await expect(log.finish()).rejects.toThrow(new RegExp(`${address}.*403.*not you`));
    const { address: another } = await server(() => ({ status: 200, body: '{}' }));
    await expect(mlflowLog({ uri: another }).finish()).rejects.toThrow(/experiment\.experiment_id: is it MLflow/);
    const { address: trackio } = await server(() => trackioAnswers.otherPath);
    await expect(mlflowLog({ uri: trackio }).finish()).rejects.toThrow(
      `${trackio}: the server answered 404: Not Found`,
    );
  });

  test('makes one run, also where the server does not take what follows at first', async () => {
    let refusals = 3;
    const { address, requests } = await server((asked) =>
      asked.path.endsWith('log-batch') && refusals-- > 0 ? { status: 503, body: 'busy' } : mlflow('Default')(asked),
    );
    const log = mlflowLog({ uri: address, parameters: { epochs: 2 } });
    log(step(1));
    await log.finish();
    expect(requests.filter(({ path }) => path.endsWith('runs/create'))).toHaveLength(1);
    expect(requests.flatMap(({ body }) => body['params'] ?? [])).toHaveLength(4);
    expect(metricsIn(requests)).toHaveLength(5);
  });

  test('wrong options', () => {
    expect(() => mlflowLog()).toThrow(/MLFLOW_TRACKING_URI/);
    expect(() => mlflowLog({ uri: 'runs' })).toThrow(/http\(s\) address/);
    expect(() => mlflowLog({ uri: 'http://x', experimnt: 'y' } as never)).toThrow(/experimnt.*experiment/);
    expect(() => mlflowLog({ uri: 'http://x', parameters: { a: {} } } as never)).toThrow(/parameters/);
    expect(() => trackioLog({ project: 'p' })).toThrow(/TRACKIO_SERVER_URL/);
    expect(() => trackioLog({ url: 'http://x' } as never)).toThrow(/project/);
  });
});

test('trackioLog sends the same figures, with the token of the address, and each under an id of its own', async () => {
  const { address, requests } = await server(() => trackioAnswers.logged, 1);
  const log = trackioLog({
    url: `${address}/?write_token=secret`,
    project: 'pets',
    run: 'first',
    parameters: { epochs: 2 },
  });
  for (let i = 1; i <= 400; i++) log(step(i));
  log(epoch);
  await log.finish();
  const logs = requests.flatMap(
    ({ body }) =>
      (body['kwargs'] as { logs: { log_id: string; step: number; metrics: Record<string, number>; config: unknown }[] })
        .logs,
  );
  expect(
    requests.every(({ path, headers }) => path === '/api/bulk_log' && headers['x-trackio-write-token'] === 'secret'),
  ).toBe(true);
  expect(logs.map(({ step: at }) => at)).toEqual([...Array.from({ length: 400 }, (_, i) => i + 1), 3]);
  expect(new Set(logs.map(({ log_id }) => log_id)).size).toBe(401);
  expect(logs[0]).toMatchObject({ project: 'pets', run: 'first', config: { epochs: 2 } });
  // The server takes one of a request.
  expect(logs.filter(({ config }) => config !== null)).toHaveLength(requests.length);
  expect(logs[0]?.metrics).toEqual({
    'step/loss': 1,
    'step/accuracy': 0.5,
    'step/learningRate': 0.1,
    'step/gradientNorm': 'NaN',
    'step/top5': 0.75,
  });
  expect(logs.at(-1)?.metrics).toMatchObject({ 'training/loss': 0.5, 'validation/loss': 0.4 });

  const { address: guarded, requests: asked } = await server(({ headers }) =>
    headers['x-trackio-write-token'] === 'secret' ? trackioAnswers.logged : trackioAnswers.refused,
  );
  const refused = trackioLog({ url: guarded, project: 'pets' });
  refused(step(1));
  await expect(refused.finish()).rejects.toThrow(`${guarded}/: the server answered 400: A write_token is required`);
  expect(asked.length).toBeLessThanOrEqual(2);
  vi.stubEnv('TRACKIO_WRITE_TOKEN', 'secret');
  const allowed = trackioLog({ url: guarded, project: 'pets' });
  allowed(step(1));
  await expect(allowed.finish()).resolves.toBeUndefined();

  const { address: other } = await server(() => mlflowAnswers.otherPath);
  const lost = trackioLog({ url: other, project: 'pets' });
  lost(step(1));
  await expect(lost.finish()).rejects.toThrow(/the server answered 404$/);
});
