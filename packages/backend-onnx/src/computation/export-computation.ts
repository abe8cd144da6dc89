/** A function of tensors and variables, such as a training step, as an ONNX file. */
import {
  callable,
  check,
  checkOptions,
  integer,
  isTensor,
  layersModel,
  oneOf,
  optional,
  record,
  rule,
} from '@cnnzoo/checks';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { fusions } from '../fusions/index.js';
import { type Elements, type Layout, physicalShape, relayout } from '../graph/layout.js';
import { encodeModel } from '../graph/onnx-model.js';
import { onBackend } from '../recording/on-backend.js';
import { onnxBackend } from '../register-backend.js';
import type { OnnxBackend } from '../tfjs/backend.js';
import { emitComputation } from './emit-computation.js';
import { refuseRandomConstants } from './random-constants.js';
import { type Computation, recordComputation } from './record-computation.js';

/** The options of `exportComputation`. */
export interface ExportComputationOptions {
  /**
   * 'standard': operators of ONNX alone, for any runtime. 'onnxruntime': also the operators of onnxruntime that this backend uses, as its own
   * graphs have them; the file is then for onnxruntime on processors that work on as many channels at once as this one. Default 'standard'.
   */
  readonly operators?: 'standard' | 'onnxruntime';
  /** Version of ONNX's operators, 18 to 22. Default 18, which onnxruntime reads from 1.14 on. */
  readonly opset?: number;
  /** What the file says of itself. Default: nothing. */
  readonly description?: string;
}

/** A variable of an exported computation. */
export interface ComputationState {
  /** The input's name. */
  readonly name: string;
  /** The output that it becomes, or null where the computation leaves it as it is. */
  readonly output: string | null;
  /** Its axes as the file has them. */
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  /** 'OIHW' where the file has a filter's axes in another order than tfjs, else 'tfjs'. */
  readonly layout: 'OIHW' | 'tfjs';
  /** What it is now, in that layout. */
  readonly values: () => Float32Array | Int32Array | Uint8Array;
}

/** What `exportComputation` gives. */
export interface ExportedComputation {
  /** The bytes of an .onnx file. */
  readonly file: Uint8Array;
  /** The variables that the file reads. */
  readonly state: readonly ComputationState[];
}

const types = ['float32', 'int32', 'bool'];

/** Whether a value is an object whose values are all of a kind. */
const everyValue = (is: (value: unknown) => boolean) => (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(is);

const isInput = (value: unknown): boolean => {
  const { shape, dtype } = (value ?? {}) as { shape?: unknown; dtype?: unknown };
  const isSize = (size: unknown) => typeof size === 'number' && Number.isInteger(size) && size > 0;
  return Array.isArray(shape) && shape.every(isSize) && types.includes(String(dtype));
};

const isVariable = (value: unknown) => isTensor(value) && typeof (value as Partial<Variable>).assign === 'function';

const computationRule = record<Computation>({
  model: layersModel<LayersModel>(),
  inputs: rule<Computation['inputs']>(
    'an object of { shape, dtype }: positive integers, and float32, int32 or bool',
    everyValue(isInput),
  ),
  state: rule<Computation['state']>('an object of variables', everyValue(isVariable)),
  compute: callable<Computation['compute']>('a function of the inputs'),
});

/**
 * A function of tensors as an ONNX file: what it calls is recorded, and not run. Variables of `state` are inputs of the file under their
 * names, and those that the function assigns to are outputs `NAME.new`, too. Everything else that it reads is a constant of the file.
 * `exportTrainingStep` of `@cnnzoo/handover` makes a training step of it.
 *
 * @param computation.model the model that the function calls; operations are named by its layers
 * @param computation.inputs shapes and types of the function's tensors, by name
 * @param computation.state variables that are inputs. Each that the function assigns to has to be among them
 * @param computation.compute the function: tensors by name, and back tensors by name. It is called twice, and may read no numbers
 * @param options.operators 'standard' or 'onnxruntime'
 * @param options.opset version of ONNX's operators, 18 to 22
 * @returns the bytes of an .onnx file, and what the variables are now, in the file's layout
 * @throws TypeError or RangeError for wrong options; Error naming operation and layer where the function calls what has no ONNX form, or
 *   draws random numbers
 * @example
 * import { writeFileSync } from 'node:fs';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { exportComputation } from '@cnnzoo/backend-onnx';
 * import { lenet5 } from '@cnnzoo/lenet';
 *
 * const model = lenet5();
 * const { file } = exportComputation({
 *   model,
 *   inputs: { images: { shape: [8, 32, 32, 1], dtype: 'float32' } },
 *   state: {},
 *   compute: ({ images }) => ({ classes: tf.argMax(model.apply(images as tf.Tensor) as tf.Tensor, 1) }),
 * });
 * writeFileSync('classes.onnx', file);
 */
export function exportComputation(
  computation: Computation,
  options: ExportComputationOptions = {},
): ExportedComputation {
  check('computation', computation, computationRule);
  const {
    operators = 'standard',
    opset = 18,
    description = '',
  } = checkOptions<ExportComputationOptions>('exportComputation', options, {
    operators: optional(oneOf(['standard', 'onnxruntime'])),
    opset: optional(integer(18, 22)),
    description: optional(rule<string>('a text', (value) => typeof value === 'string')),
  });
  const backend = onnxBackend();
  return onBackend(() => {
    const recorded = recordComputation(computation, backend);
    refuseRandomConstants(recorded, recordComputation(computation, backend));
    const written =
      operators === 'standard'
        ? { block: 0, portable: true, opset, fusions }
        : { ...backend.engine.graphOptions, opset };
    const { graph, domains, state } = emitComputation(recorded, written);
    const file = encodeModel(graph, domains, { opset, docString: description, metadata: {} });
    return {
      file,
      state: state.map(({ name, output, layout, variable }) => ({
        name,
        output,
        shape: physicalShape(variable.shape, layout),
        dtype: variable.dtype as ComputationState['dtype'],
        layout: layout === 'filtersFirst' ? ('OIHW' as const) : ('tfjs' as const),
        values: () => valuesOf(variable, layout, backend),
      })),
    };
  });
}

type Variable = Computation['state'][string];

function valuesOf(variable: Variable, layout: Layout, backend: OnnxBackend): Elements {
  const values = onBackend(() => backend.valuesOf(variable.dataId)) as Elements;
  return layout === 'plain' ? values.slice() : relayout(values, variable.shape, 'plain', layout);
}
