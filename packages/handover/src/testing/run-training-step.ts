/** The loop that a user of an exported step has, on onnxruntime's public API and without tfjs. */
import { readSafetensors, type StateDict } from '@cnnzoo/weights';
import type * as tf from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { TrainingStep } from '../training-step/export-training-step.js';

interface Trained {
  readonly losses: readonly number[];
  readonly state: StateDict;
}

/** Runs a step on each batch. */
export async function runTrainingStep(
  { model, state: bytes, manifest }: TrainingStep,
  batches: readonly { readonly images: tf.Tensor4D; readonly labels: tf.Tensor1D }[],
  learningRates: readonly number[],
): Promise<Trained> {
  const session = await InferenceSession.create(model);
  const initial = await readSafetensors(bytes);
  let state: Record<string, Tensor> = Object.fromEntries(
    [...initial].map(([name, { data, shape }]) => [
      name,
      data instanceof Int32Array
        ? new Tensor('int32', data, shape)
        : new Tensor('float32', data as Float32Array, shape),
    ]),
  );
  const losses: number[] = [];
  for (const [step, { images, labels }] of batches.entries()) {
    const feeds: Record<string, Tensor> = {
      ...state,
      images: new Tensor('float32', await images.data<'float32'>(), images.shape),
      labels: new Tensor('int32', await labels.data<'int32'>(), labels.shape),
      learning_rate: new Tensor('float32', [learningRates[step] ?? 0], []),
      seed: new Tensor('int32', [step], []),
    };
    const results = await session.run(
      Object.fromEntries(session.inputNames.flatMap((name) => (feeds[name] ? [[name, feeds[name]]] : []))),
    );
    losses.push(Number(results['loss']?.data[0]));
    state = Object.fromEntries(
      manifest.carry.flatMap(({ input, output }) => {
        const tensor = output === null ? state[input] : results[output];
        return tensor === undefined ? [] : [[input, tensor]];
      }),
    );
  }
  await session.release();
  return {
    losses,
    state: new Map(
      Object.entries(state).map(([name, { type, dims, data }]) => [
        name,
        { shape: dims, dtype: type === 'int32' ? 'I32' : 'F32', data: data as Float32Array },
      ]),
    ),
  };
}
