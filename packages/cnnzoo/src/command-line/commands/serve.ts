import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ModelSource, ServedFormat, ServerOptions } from '@cnnzoo/serve';
import { choice, command, flag, numeric, several, text } from '../command.js';

const formats = ['JPEG', 'PNG', 'WebP', 'GIF', 'TIFF', 'BMP', 'PPM'] as const satisfies readonly ServedFormat[];

export const serveCommand = command({
  name: 'serve',
  summary: 'classifiers behind HTTP',
  details:
    'Serves classifiers: image files to POST /classify, tensors by the Open Inference Protocol as KServe and Triton speak it, figures for Prometheus at /metrics, and a page at /. It answers what has come before it ends. Keys that clients must send are read from CNNZOO_API_KEYS, separated by commas, or from a file.',
  examples: [
    'cnnzoo serve pets-classifier',
    'cnnzoo serve pets=pets-classifier resnet50 --port 8000 --host 0.0.0.0',
    'cnnzoo serve pets:1=pets-old pets:2=pets-classifier --max-batch-size 16 --max-queue-delay 2',
  ],
  args: {
    models: several(
      'folders, published sets, networks or .onnx files, as predict takes them; NAME=PLACE or NAME:VERSION=PLACE says what they are called',
    ),
  },
  options: {
    port: numeric('number', 'default: 8000; 0 for any that is free', { most: 65_535 }),
    host: text('address', 'default: 127.0.0.1, this machine alone; 0.0.0.0 for all that reach it'),
    workers: numeric('number', 'processes that predict, for each model; default: 2', { least: 1 }),
    decodeWorkers: numeric(
      'number',
      'processes that decode images, for each model; default: the processors, at most 4',
      {
        least: 1,
      },
    ),
    maxBatchSize: numeric('number', 'images predicted together, at most; default: 8', { least: 1 }),
    preferredBatchSizes: text('numbers', 'sizes of batches that do not wait for more, such as 2,4'),
    maxQueueDelay: numeric('ms', 'how long an image waits for others while a worker is free; default: 0', {
      whole: false,
    }),
    maxQueueSize: numeric('number', 'images of a model that are accepted and not answered, at most', { least: 1 }),
    timeout: numeric('ms', 'after which a request is answered with 504; default: none', { least: 1, whole: false }),
    formats: text('names', `image files that may reach a decoder, of ${formats.join(', ')}; default: JPEG,PNG,WebP`),
    apiKeyFile: text('file', 'keys of which clients must send one, one a line'),
    corsOrigin: text('origin', "web pages of this origin may ask, or of all: '*'; default: none"),
    modelControl: flag('clients may load models again and unload them'),
    metricNames: choice('whose', "'triton': Triton's names of figures as well", ['cnnzoo', 'triton']),
    page: choice('yes|no', 'whether / is a page to try the models; default: yes', ['yes', 'no']),
  },
  async run({ args, options, output }) {
    const models = args.models.map(modelAt);
    const keys = await apiKeys(options.apiKeyFile);
    const { createServer } = await import('@cnnzoo/serve');
    const { port, host, maxBatchSize, maxQueueDelay } = options;
    const sizes = options.preferredBatchSizes?.split(',').map(Number);
    const server = await createServer({
      models,
      ...given('workers', options.workers),
      ...given('decodeWorkers', options.decodeWorkers),
      batching: {
        ...given('maxBatchSize', maxBatchSize),
        ...given('preferredBatchSizes', sizes),
        ...given('maxQueueDelay', maxQueueDelay),
      },
      ...given('maxQueueSize', options.maxQueueSize),
      ...given('timeout', options.timeout),
      ...given('formats', options.formats?.split(',') as readonly ServedFormat[] | undefined),
      ...given('apiKeys', keys),
      ...given('corsOrigins', options.corsOrigin === '*' ? '*' : options.corsOrigin?.split(',')),
      ...given('modelControl', options.modelControl),
      ...given('metricNames', options.metricNames),
      ...given('page', options.page && options.page === 'yes'),
      // The standard output is this command's own.
      log: { write: (line: string) => void output.log.write(line) },
    } satisfies ServerOptions);
    const stopped = signalled();
    const address = await server.listen({ ...given('port', port), ...given('host', host) }).catch(async (error) => {
      await server.close();
      throw error;
    });
    const names = models.map(({ name, version }) => ({ name, version: version ?? '1' }));
    output.event({ event: 'listening', address, models: names });
    if (!output.json) output.print(`serving ${names.map(({ name }) => name).join(', ')} at ${address}`);
    const signal = await stopped;
    output.note(`${signal}: answering what has come`);
    await server.close();
    return { text: '', data: { event: 'closed', signal } };
  },
});

/** An option that was said. */
function given<const K extends string, T>(name: K, value: T | undefined): { readonly [Name in K]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [Name in K]?: T };
}

/** NAME=PLACE, NAME:VERSION=PLACE, or a place, which is called as its last part is. */
function modelAt(word: string): ModelSource {
  const [, name, version, place] = /^([\w.-]+)(?::(\d+))?=(.+)$/s.exec(word) ?? [];
  const source = place ?? word;
  const own = basename(source.replace(/[\\/]+$/, ''))
    .replace(/\.onnx$/i, '')
    .replace(/[^\w.-]/g, '-');
  return {
    name: name ?? own,
    ...given('version', version),
    classifier: async () => {
      const { loadClassifier } = await import('../../classifier/load-classifier.js');
      return loadClassifier(source);
    },
  };
}

async function apiKeys(file: string | undefined): Promise<string[] | undefined> {
  const variable = process.env['CNNZOO_API_KEYS'];
  if (file === undefined && variable === undefined) return undefined;
  const texts = file === undefined ? (variable ?? '').split(',') : (await readFile(file, 'utf8')).split(/\r?\n/);
  const keys = texts.map((each) => each.trim()).filter((each) => each !== '');
  // An empty list would open what was meant to be closed.
  if (keys.length === 0) throw new RangeError(`${file ?? 'CNNZOO_API_KEYS'} has no key`);
  return keys;
}

/** Resolves with the first signal to end; the second one ends the process at once. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}
