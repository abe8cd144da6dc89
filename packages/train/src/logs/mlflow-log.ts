import { checkOptions, type OptionRules, optional, string } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import { environment } from './environment.js';
import { parametersRule } from './parameters.js';
import {
  HttpError,
  jsonFigure,
  type LoggedPoint,
  postJson,
  type RemoteLog,
  remoteLog,
  WrongAnswer,
} from './remote-log.js';

/** The options of `mlflowLog`. */
export interface MlflowLogOptions {
  /** Of the tracking server, such as 'http://127.0.0.1:5000'. Default: the environment variable MLFLOW_TRACKING_URI. */
  readonly uri?: string;
  /** Made where it is not there. Default: the environment variable MLFLOW_EXPERIMENT_NAME, else 'Default'. */
  readonly experiment?: string;
  /** The run's name. Default: one that the server makes up. */
  readonly run?: string;
  /** Settings of the run, which MLflow shows beside it. */
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
}

const rules: OptionRules<MlflowLogOptions> = {
  uri: optional(string('the address of an MLflow server')),
  experiment: optional(string()),
  run: optional(string()),
  parameters: optional(parametersRule),
};

/** MLflow's names of how a run has ended. */
const statuses = { finished: 'FINISHED', interrupted: 'KILLED', failed: 'FAILED' } as const;
/** Parameters that MLflow takes in one request. */
const mostParameters = 100;

/**
 * Sends what `train` tells to an MLflow tracking server: loss, accuracy, learning rate and gradient norm of each step, and the means of each epoch in training and
 * validation. Requests run beside the training; where the server cannot be reached, the figures wait. A sign that MLflow's names cannot have is sent as `_`. `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and
 * `MLFLOW_TRACKING_PASSWORD`, say as whom.
 * @returns a listener for `onEvent`; call its `finish` when `train` has returned
 * @throws TypeError naming the option that is wrong or missing
 * @example
 * import { adam, mlflowLog, train } from '@cnnzoo/train';
 *
 * const log = mlflowLog({ uri: 'http://127.0.0.1:5000', experiment: 'pets', parameters: { network: 'resnet18' } });
 * const history = await train(model, loader, { epochs: 5, optimizer: adam({ learningRate: 1e-3 }), onEvent: log });
 * if (history.interrupted !== null) console.log(`stopped by ${history.interrupted}`);
 * await log.finish();
 */
export function mlflowLog(options: MlflowLogOptions = {}): RemoteLog {
  const {
    uri = environment('MLFLOW_TRACKING_URI'),
    experiment = environment('MLFLOW_EXPERIMENT_NAME') ?? 'Default',
    run,
    parameters = {},
  } = checkOptions<MlflowLogOptions>('mlflowLog', options, rules);
  if (uri === undefined || !/^https?:\/\//i.test(uri))
    throw new TypeError(`uri must be the http(s) address of an MLflow server, or MLFLOW_TRACKING_URI, got ${uri}`);
  const api = `${uri.replace(/\/+$/, '')}/api/2.0/mlflow`;
  const headers = authorization();
  const post = (path: string, body: object) => postJson(`${api}/${path}`, body, headers);
  const waiting = Object.entries(parameters).map(([key, value]) => ({ key: mlflowName(key), value: String(value) }));
  let made: string | null = null;

  /** Makes the run, and tells its parameters. What has failed is done by the next call, and nothing twice: a run that is made stays that of this log. */
  async function runId(): Promise<string> {
    if (made === null) {
      const answer = await post('runs/create', {
        experiment_id: await experimentId(api, experiment, headers),
        start_time: Date.now(),
        ...(run !== undefined && { run_name: run }),
        tags: [{ key: 'mlflow.source.name', value: 'cnnzoo' }],
      });
      made = textAt(answer, 'run', 'info', 'run_id');
    }
    while (waiting.length > 0) {
      await post('runs/log-batch', { run_id: made, params: waiting.slice(0, mostParameters) });
      waiting.splice(0, mostParameters);
    }
    return made;
  }
  return remoteLog({
    address: uri,
    async send(points) {
      await post('runs/log-batch', { run_id: await runId(), metrics: points.flatMap(metricsOf) });
    },
    async end(how) {
      await post('runs/update', { run_id: await runId(), status: statuses[how], end_time: Date.now() });
    },
  });
}

function metricsOf({ step, time, values }: LoggedPoint): object[] {
  return values.map(([key, value]) => ({ key: mlflowName(key), value: jsonFigure(value), timestamp: time, step }));
}

/** MLflow's names have letters, digits and these signs; it refuses a whole request for another one. */
function mlflowName(name: string): string {
  return name.replace(/[^\p{L}\p{N}_./: -]/gu, '_');
}

async function experimentId(api: string, name: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const address = `${api}/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  const response = await fetch(address, { headers, signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  if (response.ok) return textAt(JSON.parse(text), 'experiment', 'experiment_id');
  if (response.status !== 404) throw new HttpError(response.status, text);
  return textAt(await postJson(`${api}/experiments/create`, { name }, headers), 'experiment_id');
}

/** @throws WrongAnswer where it is not there */
function textAt(answer: unknown, ...path: readonly string[]): string {
  const found = path.reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), answer);
  if (typeof found !== 'string') throw new WrongAnswer(`the server's answer has no ${path.join('.')}: is it MLflow?`);
  return found;
}

function authorization(): Record<string, string> {
  const token = environment('MLFLOW_TRACKING_TOKEN');
  const user = environment('MLFLOW_TRACKING_USERNAME');
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (user === undefined) return {};
  return { authorization: `Basic ${btoa(`${user}:${environment('MLFLOW_TRACKING_PASSWORD') ?? ''}`)}` };
}
