/** A model's weights under PyTorch's names and in PyTorch's layout, for comparisons with golden figures. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { goldenKernel } from './golden-numbers.js';

type Layer = LayersModel['layers'][number];

export interface PytorchWeight {
  /** Layer name, a dot, and weight, bias, running_mean or running_var. */
  readonly key: string;
  /** In PyTorch's layout. */
  readonly shape: readonly number[];
  readonly variable: LayerVariable;
  readonly trainable: boolean;
  toPytorch(values: ArrayLike<number>): Float32Array;
  /** The values of the golden weight of this key, in the layout here. */
  golden(): Float32Array;
}

const roles: Readonly<Record<string, string>> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  alpha: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** All weights of a model, layer by layer. */
export function pytorchWeights(model: LayersModel): PytorchWeight[] {
  return model.layers.flatMap((layer) =>
    layer.weights.map((variable) => {
      const name = variable.originalName.split('/').at(-1) ?? '';
      const role = roles[name];
      if (role === undefined) throw new Error(`layer ${layer.name} has a weight called ${name}, expected a known one`);
      const own = variable.shape.map(Number);
      const trainable = layer.trainableWeights.includes(variable);
      const key = `${layer.name}.${role}`;
      // [spatial, inputs, outputs] here, [outputs, inputs, spatial] there; a vector is the same in both.
      const outputs = own.at(-1) ?? 0;
      const flattened = own.length === 2 ? flattenedMap(layer) : null;
      const inputs = flattened?.channels ?? own.at(-2) ?? 1;
      const spatial = flattened?.spatial ?? own.slice(0, -2).reduce((product, size) => product * size, 1);
      const shape = [outputs, ...own.slice(-2, -1), ...own.slice(0, -2)];
      return {
        key,
        shape,
        variable,
        trainable,
        toPytorch: (values) => {
          const permuted = new Float32Array(values.length);
          for (let s = 0, here = 0; s < spatial; s++)
            for (let i = 0; i < inputs; i++)
              for (let o = 0, there = i * spatial + s; o < outputs; o++, here++, there += inputs * spatial)
                permuted[there] = values[here] as number;
          return permuted;
        },
        golden: () => goldenKernel(key, shape, spatial),
      };
    }),
  );
}

/** The feature map that was flattened to become the input of a dense layer, through layers without weights. */
function flattenedMap(layer: Layer): { spatial: number; channels: number } | null {
  for (let tensor = onlyInput(layer); tensor?.shape.length === 2; tensor = onlyInput(tensor.sourceLayer)) {
    if (tensor.sourceLayer.getClassName() === 'Flatten') {
      const [, height = 0, width = 0, channels = 0] = (onlyInput(tensor.sourceLayer)?.shape ?? []).map(Number);
      return { spatial: height * width, channels };
    }
    if (tensor.sourceLayer.weights.length > 0) return null;
  }
  return null;
}

function onlyInput(layer: Layer): SymbolicTensor | undefined {
  // tfjs gives an input layer its own output as input.
  if (layer.getClassName() === 'InputLayer') return undefined;
  return layer.inboundNodes[0]?.inputTensors[0];
}

/** Gives a model the weights that the golden figures were made with: they follow from the weights' names. */
export function loadGoldenWeights(model: LayersModel): void {
  for (const weight of pytorchWeights(model)) {
    const tensor = tf.tensor(weight.golden(), weight.variable.shape.map(Number));
    weight.variable.write(tensor);
    tensor.dispose();
  }
}

/** Every key and shape of a model's state dict, as `state` of the golden files. */
export function stateShapes(model: LayersModel): Record<string, readonly number[]> {
  return Object.fromEntries(pytorchWeights(model).map(({ key, shape }) => [key, shape]));
}
