/** A request for an inference: its JSON, and the bytes of tensors behind that. */
import type { RunningModel } from '../models/running-model.js';
import { floatsOfBytes, floatsOfJson, invalid, valuesIn } from './datatypes.js';

/** The JSON of a request, as its schema allows it. */
export interface InferBody {
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly inputs: readonly InferInput[];
  readonly outputs?: readonly InferOutput[];
}

type Parameters = Readonly<Record<string, unknown>>;

interface InferInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters?: Parameters;
  readonly data?: unknown;
}

interface InferOutput {
  readonly name: string;
  readonly parameters?: Parameters;
}

/** What is asked for. */
export interface Inference {
  readonly id: string | undefined;
  /** One after the other, channels last. */
  readonly images: Float32Array;
  readonly count: number;
  readonly output: {
    readonly binary: boolean;
    /** So many classes with the largest outputs as texts, instead of the outputs; 0 for the outputs. */
    readonly classification: number;
  };
  /** 1 goes first; 0 where nothing is said. */
  readonly priority: number;
  /** Milliseconds; null where nothing is said. */
  readonly timeout: number | null;
}

/** Bytes behind the JSON of a body, where there are some. */
const binaryPart = Symbol('binary part');

/**
 * Splits a body into its JSON and the bytes of tensors.
 * @param headerLength `Inference-Header-Content-Length`, undefined where the whole body is JSON
 * @throws HttpError 400
 */
export function splitBody(body: Buffer, headerLength: string | undefined): unknown {
  const length = headerLength === undefined ? body.length : Number(headerLength);
  if (headerLength !== undefined && (!/^\d{1,15}$/.test(headerLength) || length > body.length))
    throw invalid('Inference-Header-Content-Length must be the number of bytes of the JSON, at most those of the body');
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8', 0, length));
  } catch {
    throw invalid('the body is no JSON');
  }
  if (typeof json === 'object' && json !== null)
    Object.defineProperty(json, binaryPart, { value: body.subarray(length), enumerable: false });
  return json;
}

const binaryOf = (body: InferBody): Buffer =>
  (body as { readonly [binaryPart]?: Buffer })[binaryPart] ?? Buffer.alloc(0);

/** How many images a request has, before its data are read. @throws HttpError 400 where its input is not the model's */
export function imagesIn(body: InferBody, model: RunningModel): number {
  const { input, inputShape } = model.classifier.network;
  const [given, ...others] = body.inputs;
  if (given === undefined || others.length > 0)
    throw invalid(`model '${model.name}' has one input, '${input}', got ${body.inputs.length}`);
  if (given.name !== input) throw invalid(`model '${model.name}' has no input '${given.name}', but '${input}'`);
  if (given.datatype !== 'FP32') throw invalid(`input '${input}' has datatype FP32, got '${given.datatype}'`);
  const [count = 0, ...image] = given.shape;
  if (image.join() !== inputShape.join() || !Number.isSafeInteger(count) || count < 1)
    throw invalid(`input '${input}' has the shape [-1, ${inputShape.join(', ')}], got [${given.shape.join(', ')}]`);
  valuesIn(input, given.shape);
  return count;
}

/** Reads the data. @throws HttpError 400 naming what is wrong */
export function readInference(body: InferBody, model: RunningModel): Inference {
  const count = imagesIn(body, model);
  const [input] = body.inputs;
  if (input === undefined) throw invalid('there is no input');
  const { output } = model.classifier.network;
  const [wanted, ...others] = body.outputs ?? [];
  if (others.length > 0 || (wanted !== undefined && wanted.name !== output))
    throw invalid(`model '${model.name}' has one output, '${output}'`);
  const parameters = body.parameters ?? {};
  return {
    id: body.id,
    images: imagesOf(input, count * model.inputSize, binaryOf(body)),
    count,
    output: {
      binary: flag(wanted?.parameters, 'binary_data') ?? flag(parameters, 'binary_data_output') ?? false,
      classification: Math.min(wholeNumber(wanted?.parameters, 'classification') ?? 0, model.outputSize),
    },
    priority: Math.min(9, wholeNumber(parameters, 'priority') ?? 0),
    timeout: microseconds(wholeNumber(parameters, 'timeout')),
  };
}

function imagesOf({ name, parameters, data }: InferInput, values: number, binary: Buffer): Float32Array {
  const size = wholeNumber(parameters, 'binary_data_size');
  if (size === undefined) {
    if (binary.length > 0) throw invalid(`${binary.length} bytes follow the JSON that belong to no input`);
    return floatsOfJson(name, data, values);
  }
  if (data !== undefined) throw invalid(`input '${name}' has both data and binary_data_size`);
  if (size !== binary.length)
    throw invalid(`binary_data_size of input '${name}' is ${size}, and ${binary.length} bytes follow the JSON`);
  return floatsOfBytes(name, binary, values);
}

/** Triton's clients say microseconds. Less than one millisecond is one. */
const microseconds = (given: number | undefined): number | null =>
  given === undefined || given === 0 ? null : Math.max(1, Math.min(2 ** 31 - 1, given / 1000));

function wholeNumber(parameters: Parameters | undefined, name: string): number | undefined {
  const value = parameters?.[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalid(`parameter '${name}' must be a whole number, got ${JSON.stringify(value)}`);
  return value;
}

function flag(parameters: Parameters | undefined, name: string): boolean | undefined {
  const value = parameters?.[name];
  if (value !== undefined && typeof value !== 'boolean')
    throw invalid(`parameter '${name}' must be true or false, got ${JSON.stringify(value)}`);
  return value;
}
