/**
 * onnxruntime-node as a `Runtime`. It uses the native binding of exactly this version directly, for two reasons.
 *
 * `InferenceSession.run` of its public API wraps a synchronous call in a promise, and without a synchronous call
 * `tensor.dataSync()` could not work.
 *
 * After a run, the binding copies every output to a new ArrayBuffer, even those that onnxruntime has written to buffers of ours:
 * for a ResNet-50's weights and moments 200 MB of fresh pages a step, a tenth of the step's time. It converts outputs in
 * order and stops at a type that it does not know. So on the processor the first output of every graph is a sentinel of such a type, put before the model's bytes: by then all
 * buffers are written, nothing is copied, and the error that it reports is the sign of success.
 *
 * On a device that keeps its tensors, results are tensors of the location 'gpu-buffer'. Reading one by the binding's own
 * `getData` ends the process, so that the engine reads them through a graph that does nothing.
 */
/// <reference lib="es2024.arraybuffer" />
import { createRequire } from 'node:module';
import { Tensor } from 'onnxruntime-common';
import type { DeviceTensor } from '../graph/node.js';
import { attributeProto, encodePart, onnxType } from '../graph/onnx-model.js';
import { type Device, deviceTraits } from './device.js';
import { returnFreedMemory } from './return-memory.js';
import type { DeviceSession, Runtime, RuntimeInput, Session, SessionOptions } from './runtime.js';
import { uselessForTraining } from './training-optimizers.js';

const sentinel = 'sentinel';
const sentinelReached = 'Tensor type (16) is not supported';

type Native = typeof import('onnxruntime-node/dist/binding.js');

let loaded: Native | null = null;

/**
 * The native binding, loaded when it is first needed: importing the package does nothing.
 * @throws Error where Node's permission model does not allow native code
 */
function native(): Native {
  try {
    loaded ??= createRequire(import.meta.url)('onnxruntime-node/dist/binding.js') as Native;
    return loaded;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_DLOPEN_DISABLED') throw error;
    throw new Error(
      "@cnnzoo/backend-onnx: onnxruntime is native code, which Node's permission model refuses: start node with --allow-addons",
      { cause: error },
    );
  }
}

class OrtDeviceTensor implements DeviceTensor {
  constructor(readonly tensor: Tensor) {}

  dispose(): void {
    this.tensor.dispose();
  }
}

function toOrt({ type, dims, data }: RuntimeInput): Tensor {
  if (data instanceof OrtDeviceTensor) return Tensor.fromGpuBuffer(data.tensor.gpuBuffer, { dataType: type, dims });
  return new Tensor(type, data as Exclude<typeof data, DeviceTensor>, dims);
}

/**
 * The context of a device that keeps tensors lives as long as one of its sessions. A tensor that is freed after it ends the process, and
 * so does making the context anew. So the first session is never disposed.
 */
const anchors = new Set<object>();

/** Models of this many bytes hold weights: loading one frees copies of them, and disposing of it the last one. */
const largeModel = 16 * 2 ** 20;

let sentinelPart: Uint8Array | null = null;

/** What every graph on the processor has first: an output of a type that the binding does not know. */
function sentinelBytes(): Uint8Array {
  const zero = `${sentinel}/zero`;
  const to = attributeProto('to', onnxType.bfloat16);
  sentinelPart ??= encodePart({
    node: [{ opType: 'Cast', input: [zero], output: [sentinel], name: sentinel, domain: '', attribute: [to] }],
    initializer: [{ name: zero, dims: [], dataType: onnxType.float32, rawData: new Uint8Array(4) }],
    output: [{ name: sentinel, type: { tensorType: { elemType: onnxType.bfloat16, shape: { dim: [] } } } }],
  });
  return sentinelPart;
}

/**
 * A part of a graph and a model in one array of our own. The binding does not read shared memory, and a thread that does nothing but
 * predict may never collect garbage again, so the array can be resized to nothing when the session has a copy.
 */
function joined(part: Uint8Array, model: Uint8Array): Uint8Array<ArrayBuffer> {
  const maxByteLength = part.byteLength + model.byteLength;
  const bytes = new Uint8Array(new ArrayBuffer(maxByteLength, { maxByteLength }));
  bytes.set(part);
  bytes.set(model, part.byteLength);
  return bytes;
}

const noPart = new Uint8Array(0);

/** onnxruntime's own name for it. */
const sleeping = { session: { intra_op: { allow_spinning: '0' } } };

/** Names of onnxruntime's optimizers that a session does without. */
function withoutOptimizers(device: Device, trains: boolean): string[] {
  // It would put paddings back into convolutions that do without one for a reason (see kernels/convolution/convolution-node.ts).
  const unwanted = device === 'webgpu' ? ['Pad_Fusion'] : [];
  return trains ? [...unwanted, ...uselessForTraining] : unwanted;
}

function load(
  model: Uint8Array,
  device: Device,
  { threads, yields, profile, trains }: SessionOptions,
  options: object,
) {
  const { binding, initOrt } = native();
  initOrt();
  const session = new binding.InferenceSession();
  const bytes = joined(device === 'cpu' ? sentinelBytes() : noPart, model);
  const without = withoutOptimizers(device, trains === true);
  session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, {
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: {
      ...(yields === true ? sleeping : {}),
      ...(without.length === 0 ? {} : { optimization: { disable_specified_optimizers: without.join(';') } }),
    },
    ...(device === 'cpu' ? {} : { executionProviders: [device] }),
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    ...options,
  });
  bytes.buffer.resize(0);
  const isLarge = model.byteLength >= largeModel;
  if (isLarge) returnFreedMemory();
  const feedsOf = (inputs: ReadonlyMap<string, RuntimeInput>) => {
    const feeds: Record<string, Tensor> = {};
    for (const [name, tensor] of inputs) feeds[name] = toOrt(tensor);
    return feeds;
  };
  const isAnchor = deviceTraits[device].keepsTensors && anchors.size === 0;
  if (isAnchor) anchors.add(session);
  const dispose = () => {
    if (profile !== undefined) session.endProfiling();
    if (isAnchor) return;
    session.dispose();
    if (isLarge) returnFreedMemory();
  };
  return { session, feedsOf, dispose };
}

/** An ONNX file of others, as it is. */
export interface OnnxFileRuntime {
  /** @returns the values of an output */
  run(
    input: Omit<RuntimeInput, 'data'> & { readonly name: string; readonly data: Float32Array | Uint8Array },
    output: string,
  ): ArrayLike<unknown>;
  dispose(): void;
}

/**
 * Opens an ONNX file on the processor, without a sentinel: it may be of older operators than that needs. By its path, so that weights in a file beside it are found.
 * @throws Error of onnxruntime where it is none, or has operators that onnxruntime does not know
 */
export function openOnnxRuntime(path: string, { threads, yields }: SessionOptions): OnnxFileRuntime {
  const { binding, initOrt } = native();
  initOrt();
  const session = new binding.InferenceSession();
  session.loadModel(path, {
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(yields === true ? { extra: sleeping } : {}),
  });
  return {
    run({ name, type, dims, data }, output) {
      const results = session.run({ [name]: new Tensor(type, data, dims) }, { [output]: null }, {});
      const result = results[output];
      if (result === undefined) throw new Error(`onnxruntime gave no result '${output}'`);
      return (result as Tensor).data as ArrayLike<unknown>;
    },
    dispose: () => session.dispose(),
  };
}

/** A graph on the processor, several of whose values are read. */
export interface GraphRuntime extends Session {
  /** Runs the graph, and finds out the shapes of what is read. The results are copies. */
  fetch(inputs: ReadonlyMap<string, RuntimeInput>, names: readonly string[]): ReadonlyMap<string, Fetched>;
}

/** A result: its values have the kind of array that onnxruntime gives for its type. */
export interface Fetched {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<unknown>;
}

/** @param model the bytes of an .onnx file of operators of version 13 or later, which the sentinel needs */
export function openGraphRuntime(model: Uint8Array, threads: number): GraphRuntime {
  const { session, feedsOf, dispose } = load(model, 'cpu', { threads }, {});
  return {
    ...sessionOf(session, feedsOf, dispose, true),
    fetch(inputs, names) {
      const results = session.run(feedsOf(inputs), Object.fromEntries(names.map((name) => [name, null])), {});
      return new Map(
        names.map((name) => {
          const result = results[name] as Tensor | undefined;
          if (result === undefined) throw new Error(`onnxruntime gave no result '${name}'`);
          return [name, { type: result.type, dims: result.dims, data: result.data as ArrayLike<unknown> }];
        }),
      );
    },
  };
}

type Loaded = ReturnType<typeof load>;

function sessionOf(
  session: Loaded['session'],
  feedsOf: Loaded['feedsOf'],
  dispose: () => void,
  hasSentinel: boolean,
): Session {
  return {
    run(inputs, outputs) {
      const fetches: Record<string, Tensor | null> = hasSentinel ? { [sentinel]: null } : {};
      for (const [name, tensor] of outputs) fetches[name] = toOrt(tensor);
      try {
        session.run(feedsOf(inputs), fetches, {});
      } catch (error) {
        if (!hasSentinel || !(error instanceof Error && error.message.includes(sentinelReached))) throw error;
      }
    },
    dispose,
  };
}

/** Names of the devices that this build of onnxruntime-node knows. */
export function supportedDevices(): string[] {
  return native()
    .binding.listSupportedBackends()
    .map(({ name }) => name);
}

/** @param device where graphs run. Default 'cpu' */
export function onnxruntimeNode(device: Device = 'cpu'): Runtime {
  const hasSentinel = device === 'cpu';
  return {
    description: device === 'cpu' ? 'onnxruntime-node' : `onnxruntime-node on ${device}`,
    runsInThreads: device === 'cpu',
    createSession(model: Uint8Array, options: SessionOptions): Session {
      const { session, feedsOf, dispose } = load(model, device, options, {});
      return sessionOf(session, feedsOf, dispose, hasSentinel);
    },
    createDeviceSession: deviceTraits[device].keepsTensors
      ? (model: Uint8Array, options: SessionOptions): DeviceSession => {
          const { session, feedsOf, dispose } = load(model, device, options, { preferredOutputLocation: 'gpu-buffer' });
          return {
            run(inputs, outputs) {
              const results = session.run(feedsOf(inputs), Object.fromEntries(outputs.map((name) => [name, null])), {});
              return new Map(
                outputs.map((name) => {
                  const tensor = results[name];
                  if (tensor === undefined) throw new Error(`onnxruntime gave no result '${name}'`);
                  // Its class is the binding's own copy of Tensor.
                  return [name, new OrtDeviceTensor(tensor as Tensor)];
                }),
              );
            },
            dispose,
          };
        }
      : null,
  };
}
