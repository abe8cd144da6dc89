/**
 * Values in the memory of a device that keeps its tensors between graphs. Results stay there; their data comes to the host when
 * something reads it. A value from the host is uploaded for the first graph that reads it, as a batch is, and kept on the device from the
 * second one on, as weights are.
 */

import type { Elements, ElementType, Layout } from '../graph/layout.js';
import type { DeviceTensor, Value } from '../graph/node.js';
import { encodeModel, onnxType } from '../graph/onnx-model.js';
import type { DeviceSession, Runtime, RuntimeInput, Session, SessionOptions } from '../runtime/runtime.js';
import { viewOf } from './buffer-pool.js';
import type { EngineStats } from './statistics.js';

/** Single numbers that are kept on the device: the same few constants are made anew in each step. */
const mostScalars = 1_000;

/** A graph that does nothing with a vector of any size: run, it moves the vector. */
function identity(type: ElementType): Uint8Array {
  const vector = (name: string) => ({
    name,
    type: { tensorType: { elemType: onnxType[type], shape: { dim: [{ dimParam: 'size' }] } } },
  });
  const node = { opType: 'Identity', input: ['x'], output: ['y'], name: 'Move', domain: '', attribute: [] };
  return encodeModel({ name: 'move', node: [node], initializer: [], input: [vector('x')], output: [vector('y')] }, []);
}

export class DeviceMemory {
  readonly #downloads = new Map<ElementType, Session>();
  readonly #uploads = new Map<ElementType, DeviceSession>();
  /** Values of the host that a graph has read once. */
  readonly #readOnce = new WeakSet<Value>();
  /** Single numbers by type and value; null for those that were read once. */
  readonly #scalars = new Map<string, DeviceTensor | null>();
  readonly createSession: (model: Uint8Array, options: SessionOptions) => DeviceSession;

  readonly #runtime: Runtime;
  readonly #options: SessionOptions;
  readonly #stats: EngineStats;

  constructor(runtime: Runtime, options: SessionOptions, stats: EngineStats) {
    this.#runtime = runtime;
    this.#options = options;
    this.#stats = stats;
    const { createDeviceSession } = runtime;
    if (createDeviceSession === null) throw new Error(`${runtime.description} keeps no tensors`);
    this.createSession = createDeviceSession;
  }

  /** What a graph reads for a value. */
  inputOf(value: Value, type: ElementType, size: number): RuntimeInput['data'] {
    if (value.device !== undefined) return value.device;
    const data = value.data as Elements;
    if (size === 1) return this.#scalarOf(data, type);
    this.#count(data);
    if (size === 0 || !this.#readOnce.has(value)) {
      this.#readOnce.add(value);
      return data;
    }
    value.device = this.#upload(data, type, size);
    return value.device;
  }

  #scalarOf(data: Elements, type: ElementType): RuntimeInput['data'] {
    const key = `${type} ${Object.is(data[0], -0) ? '-0' : data[0]}`;
    const known = this.#scalars.get(key);
    if (known) return known;
    this.#count(data);
    const device = known === null ? this.#upload(data, type, 1) : null;
    if (known === null || this.#scalars.size < mostScalars) this.#scalars.set(key, device);
    return device ?? data;
  }

  #count(data: Elements): void {
    const { toDevice } = this.#stats.transfers;
    toDevice.tensors++;
    toDevice.bytes += data.byteLength;
  }

  /** A result of a graph. */
  resultOf(device: DeviceTensor, type: ElementType, size: number, layout: Layout): Value {
    this.#stats.deviceTensors++;
    const download = () => this.#download(device, type, size);
    const { toHost } = this.#stats.transfers;
    const countRead = ({ byteLength }: Elements) => {
      toHost.tensors++;
      toHost.bytes += byteLength;
    };
    let data: Elements | null = null;
    return {
      get data() {
        if (data === null) {
          data = download();
          countRead(data);
        }
        return data;
      },
      device,
      layout,
      pooled: false,
      users: 0,
    };
  }

  /** Waits for the device: it works in order, so what is asked for last is there last. */
  wait(): void {
    const marker = this.#upload(Float32Array.of(0), 'float32', 1);
    this.#download(marker, 'float32', 1);
    marker.dispose();
    this.#stats.deviceTensors--;
  }

  /** Lets go of a value that no tensor has any more. */
  free(value: Value): void {
    if (value.device === undefined) return;
    value.device.dispose();
    this.#stats.deviceTensors--;
  }

  #upload(data: Elements, type: ElementType, size: number): DeviceTensor {
    let session = this.#uploads.get(type);
    if (session === undefined) {
      session = this.createSession(identity(type), { threads: this.#options.threads });
      this.#uploads.set(type, session);
    }
    const tensor = session.run(new Map([['x', { type, dims: [size], data }]]), ['y']).get('y');
    if (tensor === undefined) throw new Error('a tensor could not be moved to the device');
    this.#stats.deviceTensors++;
    return tensor;
  }

  #download(device: DeviceTensor, type: ElementType, size: number): Elements {
    let session = this.#downloads.get(type);
    if (session === undefined) {
      session = this.#runtime.createSession(identity(type), { threads: this.#options.threads });
      this.#downloads.set(type, session);
    }
    const data = viewOf(new ArrayBuffer(size * (type === 'bool' ? 1 : 4)), type, size);
    const dims = [size];
    session.run(new Map([['x', { type, dims, data: device }]]), new Map([['y', { type, dims, data }]]));
    return data;
  }

  dispose(): void {
    for (const session of [...this.#downloads.values(), ...this.#uploads.values()]) session.dispose();
    for (const tensor of this.#scalars.values()) {
      tensor?.dispose();
      if (tensor) this.#stats.deviceTensors--;
    }
    this.#scalars.clear();
    this.#downloads.clear();
    this.#uploads.clear();
  }
}
