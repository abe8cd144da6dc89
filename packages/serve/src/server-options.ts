import { availableParallelism } from 'node:os';
import {
  boolean,
  callable,
  check,
  checkOptions,
  either,
  integer,
  listOf,
  number,
  type OptionRules,
  oneOf,
  optional,
  record,
  rule,
  string,
} from '@cnnzoo/checks';
import type { Batching } from './batching/batch-queue.js';
import type { ModelSource, ServedClassifier } from './models/served-classifier.js';

/** A kind of image file that a server decodes where it is told to. */
export type ServedFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'TIFF' | 'BMP' | 'PPM';

/** What one request may cost. */
export interface ServerLimits {
  /** Bytes of a body, also after it is decompressed. Default 32 MiB. */
  readonly bodyBytes?: number;
  /** Bytes of all bodies that are received or worked on at a time. Default 256 MiB. */
  readonly bytesInFlight?: number;
  /** Pixels of an image file. Default 50 million. */
  readonly pixels?: number;
  /** Images in a request. Default 64. */
  readonly images?: number;
  /** Seconds that decoding and preparing an image may take. Default 10. */
  readonly imageSeconds?: number;
  /** Seconds in which a request must have arrived. Default 30. */
  readonly requestSeconds?: number;
}

/** A stream that lines are written to, such as `process.stdout`. */
export interface LogStream {
  write(line: string): unknown;
}

/** The options of `createServer`. */
export interface ServerOptions {
  readonly models: readonly ModelSource[];
  /**
   * Processes that predict, for each model; they share the processors. Default: two, or one where there is one processor. Two networks that predict side by side answer more
   * images a second than one on twice the threads, and where one crashes, the other continues. Each has its own copy of the weights.
   */
  readonly workers?: number;
  /** Processes that decode and prepare images, for each model. Default: as many as there are processors, at most 4. */
  readonly decodeWorkers?: number;
  readonly batching?: Batching;
  /**
   * Images that a model has accepted and not answered, at most; others are refused with 429. Default: three batches for each worker, one that is predicted, one at hand
   * and one that gathers, so that an answer takes three times as long as a batch at most.
   */
  readonly maxQueueSize?: number;
  /** Milliseconds after which a request is answered with 504, unless it says another number. One that would wait longer at the present pace is refused with 429. Default: none. */
  readonly timeout?: number;
  readonly limits?: ServerLimits;
  /** Files that may reach a decoder, by their first bytes. Default: JPEG, PNG and WebP. */
  readonly formats?: readonly ServedFormat[];
  /** Keys of which requests must carry one, as `Authorization: Bearer KEY` or `X-API-Key: KEY`. Default: none are asked for. Health is open. */
  readonly apiKeys?: readonly string[];
  /** Web pages of these origins may ask, or of all: '*'. Default: none. */
  readonly corsOrigins?: '*' | readonly string[];
  /** Whether clients may load and unload models that were given as functions. Default false. */
  readonly modelControl?: boolean;
  /** What `/metrics` calls its figures: names of its own, or Triton's as well. Default 'cnnzoo'. */
  readonly metricNames?: 'cnnzoo' | 'triton';
  /** Where the access log goes, a line of JSON for each request; false for nowhere. Default: the standard output. */
  readonly log?: false | LogStream;
  /** Whether `/` is a page to try the models. Default true. */
  readonly page?: boolean;
  /** Milliseconds that `close` gives clients to send what they are about to send. Default 1000. */
  readonly drainGrace?: number;
}

/** The options with their defaults. */
export interface ServerSettings {
  readonly models: readonly ModelSource[];
  readonly workers: number;
  readonly decodeWorkers: number;
  readonly batching: Required<Batching>;
  readonly maxQueueSize: number;
  readonly timeout: number | null;
  readonly limits: Required<ServerLimits>;
  readonly formats: readonly ServedFormat[];
  readonly apiKeys: readonly string[];
  readonly corsOrigins: '*' | readonly string[];
  readonly modelControl: boolean;
  readonly metricNames: 'cnnzoo' | 'triton';
  readonly log: false | LogStream;
  readonly page: boolean;
  readonly drainGrace: number;
}

/** A timer of Node's has no longer one. */
const longestDelay = 2 ** 31 - 1;

const formats = ['JPEG', 'PNG', 'WebP', 'GIF', 'TIFF', 'BMP', 'PPM'] as const;

export const classifierRule = rule<ServedClassifier>('a classifier, as loadClassifier of cnnzoo gives it', (value) => {
  const { categories, network, predictions } = (value ?? {}) as Partial<ServedClassifier>;
  const { inputShape, preprocessing, start } = (network ?? {}) as Partial<ServedClassifier['network']>;
  const isImage = Array.isArray(inputShape) && inputShape.length === 3 && inputShape.every(Number.isInteger);
  const isPrepared = typeof preprocessing === 'object' && preprocessing !== null;
  return (
    Array.isArray(categories) &&
    isImage &&
    isPrepared &&
    [start, predictions].every((each) => typeof each === 'function')
  );
});

const modelRule = record<ModelSource>({
  name: rule<string>(
    "a name of letters, digits, '.', '_' and '-'",
    (value) => typeof value === 'string',
    (value) => /^[\w.-]{1,128}$/.test(value) && !/^\.+$/.test(value),
  ),
  version: optional(
    rule<string>(
      "a positive integer as text, such as '2'",
      (value) => typeof value === 'string',
      (value) => /^[1-9]\d{0,17}$/.test(value),
    ),
  ),
  classifier: either(classifierRule, callable<() => never>('a function that loads one')) as never,
});

const milliseconds = number(0, longestDelay);

const rules: OptionRules<ServerOptions> = {
  models: listOf(modelRule, 1),
  workers: optional(integer(1)),
  decodeWorkers: optional(integer(1)),
  batching: optional(
    record<Batching>({
      maxBatchSize: optional(integer(1)),
      preferredBatchSizes: optional(listOf(integer(1))),
      maxQueueDelay: optional(milliseconds),
    }),
  ),
  maxQueueSize: optional(integer(1)),
  timeout: optional(number(1, longestDelay)),
  limits: optional(
    record<ServerLimits>({
      bodyBytes: optional(integer(1)),
      bytesInFlight: optional(integer(1)),
      pixels: optional(integer(1)),
      images: optional(integer(1)),
      imageSeconds: optional(number(0.1)),
      requestSeconds: optional(number(0.1)),
    }),
  ),
  formats: optional(listOf(oneOf(formats), 1)),
  apiKeys: optional(listOf(string('a key that is not empty'), 1)),
  corsOrigins: optional(either(oneOf(['*']), listOf(string("an origin such as 'https://example.org'"))) as never),
  modelControl: optional(boolean),
  metricNames: optional(oneOf(['cnnzoo', 'triton'])),
  log: optional(
    rule<false | LogStream>(
      'false or a stream',
      (value) => value === false || typeof (value as Partial<LogStream> | null)?.write === 'function',
    ),
  ),
  page: optional(boolean),
  drainGrace: optional(milliseconds),
};

/** @throws TypeError or RangeError naming what is wrong */
export function checkModelSource(source: ModelSource): ModelSource {
  return check('model', source, modelRule);
}

/** @throws TypeError or RangeError naming the option that is wrong */
export function serverSettings(options: ServerOptions): ServerSettings {
  const given = checkOptions<ServerOptions>('createServer', options, rules);
  const { workers = Math.min(2, availableParallelism()), batching = {}, limits = {} } = given;
  const { maxBatchSize = 8, preferredBatchSizes = [], maxQueueDelay = 0 } = batching;
  for (const size of preferredBatchSizes) check('batching.preferredBatchSizes', size, integer(1, maxBatchSize));
  const versions = given.models.map(({ name, version = '1' }) => `${name} ${version}`);
  const twice = versions.find((each, index) => versions.indexOf(each) < index);
  if (twice !== undefined) throw new RangeError(`models has version ${twice.split(' ').reverse().join(' of ')} twice`);
  return {
    models: given.models,
    workers,
    decodeWorkers: given.decodeWorkers ?? Math.min(4, availableParallelism()),
    batching: { maxBatchSize, preferredBatchSizes, maxQueueDelay },
    maxQueueSize: given.maxQueueSize ?? 3 * maxBatchSize * workers,
    timeout: given.timeout ?? null,
    limits: {
      bodyBytes: limits.bodyBytes ?? 32 * 2 ** 20,
      bytesInFlight: limits.bytesInFlight ?? 256 * 2 ** 20,
      pixels: limits.pixels ?? 50e6,
      images: limits.images ?? 64,
      imageSeconds: limits.imageSeconds ?? 10,
      requestSeconds: limits.requestSeconds ?? 30,
    },
    formats: given.formats ?? ['JPEG', 'PNG', 'WebP'],
    apiKeys: given.apiKeys ?? [],
    corsOrigins: given.corsOrigins ?? [],
    modelControl: given.modelControl ?? false,
    metricNames: given.metricNames ?? 'cnnzoo',
    log: given.log ?? process.stdout,
    page: given.page ?? true,
    drainGrace: given.drainGrace ?? 1000,
  };
}
