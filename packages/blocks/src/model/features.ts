import { check, layersModel, listOf, shown, string } from '@cnnzoo/checks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { model as makeModel } from '../tfjs.js';

/**
 * A backbone: a model with the same layers and weights that returns inner feature maps.
 *
 * @param model a model of one input, e.g. `resnet50({ includeTop: false })`
 * @param names layers ('layer1.0.relu') or modules ('layer2'), which stand for their last layer
 * @returns a model with one output for each name, in their order. It shares the weights: dispose one of the two only.
 * @throws TypeError where `names` is no array of strings, RangeError for a name that the model does not have
 * @example
 * import { features } from '@cnnzoo/blocks';
 * import { resnet50 } from '@cnnzoo/resnet';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const backbone = features(resnet50({ includeTop: false }), ['layer2', 'layer3', 'layer4']);
 * const [stride8, stride16, stride32] = backbone.predict(images) as tf.Tensor4D[];
 */
export function features(model: LayersModel, names: readonly string[]): LayersModel {
  check('model', model, layersModel<LayersModel>());
  check('names', names, listOf(string("a layer's or module's name"), 1));
  return makeModel({ inputs: model.inputs, outputs: names.map((name) => outputOf(model, name)) });
}

function outputOf(model: LayersModel, name: string): SymbolicTensor {
  // model.layers is in order of depth: the last layer of a module is the one nearest to the output.
  const layer =
    model.layers.find((each) => each.name === name) ??
    model.layers.findLast((each) => each.name.startsWith(`${name}.`));
  const output = layer?.inboundNodes[0]?.outputTensors[0];
  if (output !== undefined) return output;
  const modules = [...new Set(model.layers.map((each) => each.name.split('.', 1)[0]))];
  throw new RangeError(
    `names must be layers of the model or modules of it, which are ${modules.join(', ')}, got ${shown(name)}`,
  );
}
