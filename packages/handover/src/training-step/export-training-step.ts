import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExportComputationOptions, exportComputation } from '@cnnzoo/backend-onnx';
import {
  check,
  checkOptions,
  integer,
  layersModel,
  type OptionRules,
  oneOf,
  optional,
  rule,
  string,
} from '@cnnzoo/checks';
import { writeFilesAtomically } from '@cnnzoo/files';
import { readMetadata } from '@cnnzoo/metadata';
import { type StatefulOptimizer, type UpdateOptions, updateWeights } from '@cnnzoo/train';
import { type StateDict, writeSafetensors } from '@cnnzoo/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { manifestFormat, type StepInput, type TrainingStepManifest } from './manifest.js';
import { iterationsName, stepState } from './step-state.js';
import { drawingLayers, withSymbolicMasks } from './symbolic-masks.js';

/** The options of `exportTrainingStep`. Loss, auxiliary heads, clipping and metrics are as `train` has them. */
export interface TrainingStepOptions
  extends Pick<UpdateOptions, 'loss' | 'labelSmoothing' | 'auxiliaryWeight' | 'clipping' | 'metrics'>,
    Pick<ExportComputationOptions, 'operators' | 'opset'> {
  /** One of `@cnnzoo/train`. What it remembers is part of the state; the learning rate is an input of the file. */
  readonly optimizer: StatefulOptimizer;
  /** Images in each step. */
  readonly batchSize: number;
}

/** An exported training step. */
export interface TrainingStep {
  /** The bytes of the .onnx file. */
  readonly model: Uint8Array;
  /** The state before the first step: the bytes of a safetensors file. */
  readonly state: Uint8Array;
  readonly manifest: TrainingStepManifest;
}

const object = <T>(what: string) => rule<T>(what, (value) => typeof value === 'object' && value !== null);

/** What `updateWeights` does not check by itself. */
const stepRules: OptionRules<TrainingStepOptions> = {
  optimizer: rule<StatefulOptimizer>(
    'one of @cnnzoo/train, such as sgd({ learningRate: 0.1 })',
    (value) => typeof value === 'object' && value !== null && 'prepareSlots' in value,
  ),
  batchSize: integer(1),
  loss: optional(rule('a function of labels and logits', (value) => typeof value === 'function')),
  labelSmoothing: optional(rule('a number', (value) => typeof value === 'number')),
  auxiliaryWeight: optional(rule('a number', (value) => typeof value === 'number')),
  clipping: optional(object('an object with norm, value or both')),
  metrics: optional(object('functions by name')),
  operators: optional(oneOf(['standard', 'onnxruntime'])),
  opset: optional(integer(18, 22)),
};

/**
 * A whole training step as an ordinary ONNX file: forward, loss of all heads, backward, clipping and update. Any onnxruntime runs it, in
 * Python, C#, Java, a browser or on a phone: no training build is needed, because the gradients are operators like all others.
 *
 * The file's inputs are the weights, running statistics and what the optimizer remembers, under the layers' names (`conv1.weight`,
 * `conv1.weight.momentum_buffer`), `iterations`, and for each step `images`, `labels`, `learning_rate` and, where the network has dropout,
 * `seed`. Its outputs are `loss`, `accuracy`, `gradient_norm`, the metrics, and the new state: `conv1.weight.new` is `conv1.weight` of the next step.
 * The model and the optimizer stay as they are.
 *
 * @param model a layers model with one input of known size; its first output are the logits [count, classes], others are auxiliary heads
 * @param options.optimizer one of `@cnnzoo/train`
 * @param options.batchSize images in each step
 * @param options.loss of one head; default: cross-entropy on logits, smoothed by `labelSmoothing`
 * @param options.labelSmoothing for the default loss, from 0 to 1
 * @param options.auxiliaryWeight how much the loss of each auxiliary head counts, in every step: a file has no `auxiliarySchedule`
 * @param options.clipping limits of the gradients
 * @param options.metrics further figures of the main head
 * @param options.operators 'standard' (default): operators of ONNX alone; 'onnxruntime': also those of onnxruntime, for the engine's full
 *   speed on processors like this one
 * @param options.opset version of ONNX's operators, 18 (default) to 22
 * @returns the file, the state before the first step, and which output becomes which input
 * @throws TypeError or RangeError naming the option that is wrong; Error naming operation and layer where the step calls what has no ONNX
 *   form, or draws random numbers otherwise than dropout of `@cnnzoo/blocks`
 * @example
 * import { writeFileSync } from 'node:fs';
 * import { exportTrainingStep } from '@cnnzoo/handover';
 * import { lenet5 } from '@cnnzoo/lenet';
 * import { sgd } from '@cnnzoo/train';
 *
 * const step = exportTrainingStep(lenet5(), { optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), batchSize: 64 });
 * writeFileSync('step.onnx', step.model);
 * writeFileSync('state.safetensors', step.state);
 * writeFileSync('manifest.json', JSON.stringify(step.manifest));
 */
export function exportTrainingStep(model: LayersModel, options: TrainingStepOptions): TrainingStep {
  check('model', model, layersModel<LayersModel>());
  const {
    optimizer,
    batchSize,
    operators = 'standard',
    opset,
    ...update
  } = checkOptions('exportTrainingStep', options, stepRules);
  const drawing = drawingLayers(model.layers).filter(({ rate }) => rate > 0 && rate < 1);
  const inputs = stepInputs(model, batchSize, optimizer, drawing.length > 0);
  const before = optimizer.iterations;
  const iterations = tf.tidy(() => tf.variable(tf.scalar(before, 'int32'), false));
  const state = { ...stepState(model, optimizer), [iterationsName]: iterations };
  const compute = ({ images, labels, learning_rate: learningRate, seed }: Readonly<Record<string, tf.Tensor>>) => {
    const count = tf.add(iterations, tf.scalar(1, 'int32')) as tf.Scalar;
    iterations.assign(count);
    const numbers = { learningRate: learningRate as tf.Scalar, iterations: tf.cast(count, 'float32') as tf.Scalar };
    const batch = { images: images as tf.Tensor4D, labels: labels as tf.Tensor1D };
    const run = () => updateWeights(model, optimizer, batch, { ...update, numbers });
    const { loss, accuracy, gradientNorm, metrics } =
      seed === undefined ? run() : withSymbolicMasks(drawing, seed, run);
    return { loss, accuracy, gradient_norm: gradientNorm, ...metrics };
  };
  try {
    const network = readMetadata(model).id ?? model.name;
    const exported = exportComputation(
      { model, inputs, state, compute },
      { operators, ...(opset !== undefined && { opset }), description: `Training step of ${network}` },
    );
    const carry = exported.state.map(({ name, output, shape, dtype, layout }) => ({
      input: name,
      output,
      shape,
      dtype,
      layout,
    }));
    return {
      model: exported.file,
      state: writeSafetensors(stateOf(exported.state)),
      manifest: {
        format: manifestFormat,
        network,
        model: 'step.onnx',
        state: 'state.safetensors',
        operators,
        optimizer: { name: optimizer.getClassName(), ...optimizer.getConfig() },
        inputs,
        outputs: ['loss', 'accuracy', 'gradient_norm', ...Object.keys(update.metrics ?? {})],
        carry,
      },
    };
  } finally {
    optimizer.restoreIterations(before);
    iterations.dispose();
  }
}

/**
 * As `exportTrainingStep`, to a folder: `step.onnx`, `state.safetensors` and `manifest.json`.
 * @param folder is made where it is missing
 * @returns the paths that were written
 * @throws as `exportTrainingStep`, and errors of the file system
 * @example
 * import { writeTrainingStep } from '@cnnzoo/handover';
 * import { cifarResnet } from '@cnnzoo/resnet';
 * import { sgd } from '@cnnzoo/train';
 *
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 });
 * await writeTrainingStep(cifarResnet({ depth: 20 }), 'resnet20-step', { optimizer, batchSize: 128 });
 */
export async function writeTrainingStep(
  model: LayersModel,
  folder: string,
  options: TrainingStepOptions,
): Promise<string[]> {
  check('folder', folder, string('the path of a folder'));
  const { model: file, state, manifest } = exportTrainingStep(model, options);
  await mkdir(folder, { recursive: true });
  const files = [
    { path: join(folder, manifest.state), content: state },
    { path: join(folder, manifest.model), content: file },
    {
      path: join(folder, 'manifest.json'),
      content: new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`),
    },
  ];
  await writeFilesAtomically(files);
  return files.map(({ path }) => path);
}

function stepInputs(
  model: LayersModel,
  batchSize: number,
  { learningRate }: StatefulOptimizer,
  draws: boolean,
): Record<string, StepInput> {
  const [input, ...others] = model.inputs;
  const size = input?.shape.slice(1) ?? [];
  if (others.length > 0 || size.some((extent) => extent === null))
    throw new RangeError(
      `model '${model.name}' takes [${model.inputs
        .map(({ shape }) =>
          shape
            .slice(1)
            .map((extent) => extent ?? 'any')
            .join(', '),
        )
        .join('] and [')}], expected one input of known size`,
    );
  const seed: StepInput = {
    shape: [],
    dtype: 'int32',
    meaning: 'which masks dropout takes: another number in each step, such as the count of steps so far',
  };
  return {
    images: {
      shape: [batchSize, ...size.map(Number)],
      dtype: 'float32',
      meaning: 'normalized as for the network, axes NHWC',
    },
    labels: { shape: [batchSize], dtype: 'int32', meaning: 'the index of the class of each image' },
    learning_rate: {
      shape: [],
      dtype: 'float32',
      meaning: `of this step; the optimizer was made with ${learningRate}`,
    },
    ...(draws && { seed }),
  };
}

function stateOf(state: ReturnType<typeof exportComputation>['state']): StateDict {
  return new Map(
    state.map(({ name, shape, dtype, values }) => {
      if (dtype === 'bool') throw new TypeError(`'${name}' is of type bool, which no weight is`);
      return [name, { shape, dtype: dtype === 'int32' ? 'I32' : 'F32', data: values() }] as const;
    }),
  );
}
