/** manifest.json of an exported training step: what goes in, what comes out, and which output becomes which input. */
import type { ComputationState } from '@cnnzoo/backend-onnx';
import { integer, listOf, nullOr, oneOf, type Rule, record, rule, string } from '@cnnzoo/checks';

export const manifestFormat = 'cnnzoo-training-step-1';

/** What a step is given anew each time. */
export interface StepInput {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  /** What it is, in words. */
  readonly meaning: string;
}

/** A tensor that the step takes and gives back: a weight, a running statistic, or what the optimizer remembers of a weight. */
export interface StateEntry extends Pick<ComputationState, 'output' | 'shape' | 'dtype' | 'layout'> {
  /** Also its name in the file of the state. Its output is this input of the next step. */
  readonly input: string;
}

/** What manifest.json says. */
export interface TrainingStepManifest {
  readonly format: typeof manifestFormat;
  readonly network: string;
  /** The ONNX file, beside the manifest. */
  readonly model: string;
  /** The initial state as safetensors, beside the manifest. */
  readonly state: string;
  readonly operators: 'standard' | 'onnxruntime';
  readonly optimizer: Readonly<Record<string, unknown>>;
  /** By name. `seed` is there where the network draws random numbers. */
  readonly inputs: Readonly<Record<string, StepInput>>;
  /** Scalars: loss, accuracy, norm of the gradients, and metrics. */
  readonly outputs: readonly string[];
  readonly carry: readonly StateEntry[];
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;
const shape = listOf(integer(0));

/** For a manifest that was read from a file. */
export const manifestRule: Rule<TrainingStepManifest> = record<TrainingStepManifest>({
  format: oneOf([manifestFormat]),
  network: string(),
  model: string(),
  state: string(),
  operators: oneOf(['standard', 'onnxruntime']),
  optimizer: rule<TrainingStepManifest['optimizer']>('an object', isObject),
  inputs: rule<TrainingStepManifest['inputs']>('an object', isObject),
  outputs: listOf(string()),
  carry: listOf(
    record<StateEntry>({
      input: string(),
      output: nullOr(string()),
      shape,
      dtype: oneOf(['float32', 'int32', 'bool']),
      layout: oneOf(['OIHW', 'tfjs']),
    }),
  ),
});
