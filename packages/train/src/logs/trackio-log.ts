import { checkOptions, type OptionRules, optional, string } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import { environment } from './environment.js';
import { parametersRule } from './parameters.js';
import { jsonFigure, postJson, type RemoteLog, remoteLog, WrongAnswer } from './remote-log.js';

/** The options of `trackioLog`. */
export interface TrackioLogOptions {
  /** Of a trackio server, as it prints it: with `?write_token=…`, or the environment variable TRACKIO_WRITE_TOKEN has the token. Default: the environment variable TRACKIO_SERVER_URL. */
  readonly url?: string;
  readonly project: string;
  /** The run's name. Default: the time that it begins at. */
  readonly run?: string;
  /** Settings of the run, which trackio shows beside it. */
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
}

const rules: OptionRules<TrackioLogOptions> = {
  url: optional(string('the address of a trackio server')),
  project: string(),
  run: optional(string()),
  parameters: optional(parametersRule),
};

/**
 * Sends what `train` tells to a trackio server: the same figures as `mlflowLog` does, in the same way.
 * @returns a listener for `onEvent`; call its `finish` when `train` has returned
 * @throws TypeError naming the option that is wrong or missing
 * @example
 * import { adam, train, trackioLog } from '@cnnzoo/train';
 *
 * const log = trackioLog({ url: 'http://127.0.0.1:7860/?write_token=secret', project: 'pets' });
 * const history = await train(model, loader, { epochs: 5, optimizer: adam({ learningRate: 1e-3 }), onEvent: log });
 * if (history.interrupted !== null) console.log(`stopped by ${history.interrupted}`);
 * await log.finish();
 */
export function trackioLog(options: TrackioLogOptions): RemoteLog {
  const {
    url = environment('TRACKIO_SERVER_URL'),
    project,
    run = new Date().toISOString().slice(0, 19).replace('T', ' '),
    parameters,
  } = checkOptions<TrackioLogOptions>('trackioLog', options, rules);
  if (url === undefined || !/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new TypeError(`url must be the http(s) address of a trackio server, or TRACKIO_SERVER_URL, got ${url}`);
  const server = new URL(url);
  const token = server.searchParams.get('write_token') ?? environment('TRACKIO_WRITE_TOKEN') ?? null;
  server.search = '';
  const api = new URL('api/bulk_log', server.href.endsWith('/') ? server : `${server.href}/`).href;
  const runId = crypto.randomUUID().replaceAll('-', '');
  let sent = 0;
  return remoteLog({
    address: server.href,
    async send(points) {
      const logs = points.map(({ step, values }, index) => ({
        project,
        run,
        run_id: runId,
        step,
        metrics: Object.fromEntries(values.map(([name, value]) => [name, jsonFigure(value)])),
        // The server takes the first one of a request.
        config: (index === 0 && parameters) || null,
        // By it the server knows what it has already, where its answer was lost.
        log_id: `${runId}-${sent + index}`,
      }));
      const headers: Record<string, string> = token === null ? {} : { 'x-trackio-write-token': token };
      const answer = await postJson(api, { args: [], kwargs: { logs, hf_token: null } }, headers);
      if (!isRecord(answer) || !('data' in answer))
        throw new WrongAnswer("the server's answer has no data: is it trackio?");
      sent += points.length;
    },
    // trackio knows no end of a run.
    end: async () => {},
  });
}
