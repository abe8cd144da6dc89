/** A convolution whose numbers are known, forward and backward: an engine that gets it wrong is not used. */
import * as tf from '@tensorflow/tfjs-core';

/** What an engine is wanted for. Training needs gradients, too. */
export type Purpose = 'training' | 'inference';

const x = { shape: [1, 3, 3, 1], values: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
const filter = { shape: [2, 2, 1, 1], values: [1, 0, 0, 1] };
const dy = { shape: [1, 2, 2, 1], values: [1, 1, 1, 1] };
const window = { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', dilations: [1, 1], dimRoundingMode: undefined };

interface Case {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, { readonly shape: number[]; readonly values: number[] }>>;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly expected: readonly number[];
}

const forward: Case = { kernel: 'Conv2D', inputs: { x, filter }, attributes: window, expected: [6, 8, 12, 14] };
const backward: readonly Case[] = [
  {
    kernel: 'Conv2DBackpropFilter',
    inputs: { x, dy },
    attributes: { ...window, filterShape: filter.shape },
    expected: [12, 16, 24, 28],
  },
  {
    kernel: 'Conv2DBackpropInput',
    inputs: { dy, filter },
    attributes: { ...window, inputShape: x.shape },
    expected: [1, 1, 0, 1, 2, 1, 0, 1, 1],
  },
];

/**
 * Runs kernels directly, not through tfjs's engine: this works while another backend is set, and while tfjs is still waiting for
 * this one.
 */
async function run(name: string, backend: tf.KernelBackend, { kernel, inputs, attributes, expected }: Case) {
  const config = tf.getKernel(kernel, name);
  if (config == null) throw new Error(`it has no kernel ${kernel}`);
  const tensors = Object.entries(inputs).map(([input, { shape, values }]) => {
    const dataId = backend.write(Float32Array.from(values), shape, 'float32');
    return [input, { dataId, shape, dtype: 'float32' as const }] as const;
  });
  const result = config.kernelFunc({
    inputs: Object.fromEntries(tensors),
    backend,
    attrs: attributes as tf.NamedAttrMap,
  });
  const [output] = Array.isArray(result) ? result : [result];
  if (output === undefined) throw new Error(`${kernel} returned nothing`);
  const values = Array.from((await backend.read(output.dataId)) as Float32Array);
  for (const { dataId } of [output, ...tensors.map(([, info]) => info)]) backend.disposeData(dataId);
  const right =
    values.length === expected.length &&
    expected.every((value, i) => Math.abs((values[i] ?? Number.NaN) - value) < 1e-3);
  if (!right) throw new Error(`${kernel} of known result ${expected.join()} gave ${values.join()}`);
}

/**
 * Tries a backend.
 * @param name tfjs's name of it
 * @throws Error saying what is wrong with it for this purpose
 */
export async function probe(name: string, backend: tf.KernelBackend, purpose: Purpose): Promise<void> {
  await run(name, backend, forward);
  if (purpose === 'inference') return;
  for (const step of backward) {
    try {
      await run(name, backend, step);
    } catch (error) {
      throw new Error(`it cannot train: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
