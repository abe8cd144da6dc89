/** An ONNX file as a model of tfjs: what predicts, evaluates and looks at crops takes it like any other. */
import type { OnnxFileModel, OnnxFileSignature } from '@cnnzoo/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { input as inputTensor, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';

type LayerArguments = ConstructorParameters<typeof layers.Layer>[0];

/** A layer without weights of its own, whose call runs the file. */
class OnnxFileLayer extends layers.Layer {
  static className = 'OnnxFile';
  readonly #file: OnnxFileModel;
  readonly #outputs: readonly number[];
  readonly #activation: 'softmax' | 'linear';

  constructor(
    file: OnnxFileModel,
    outputs: readonly number[],
    activation: 'softmax' | 'linear',
    config: LayerArguments,
  ) {
    super(config);
    this.#file = file;
    this.#outputs = outputs;
    this.#activation = activation;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return [inputShape[0] ?? null, ...this.#outputs];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const images = Array.isArray(inputs) ? inputs[0] : inputs;
    if (images === undefined) throw new RangeError(`${this.name} was given no images`);
    return tf.tensor(this.#file.run(images.dataSync<'float32'>()), [images.shape[0] ?? 0, ...this.#outputs]);
  }

  override getConfig(): ReturnType<layers.Layer['getConfig']> {
    return { ...super.getConfig(), activation: this.#activation };
  }

  override dispose(): ReturnType<layers.Layer['dispose']> {
    const result = super.dispose();
    if (result.refCountAfterDispose === 0) this.#file.dispose();
    return result;
  }
}

/** @param endsInSoftmax whether the file gives probabilities, and no logits */
export function onnxModel(
  file: OnnxFileModel,
  { model: name, inputShape, outputShape }: OnnxFileSignature,
  endsInSoftmax: boolean,
): LayersModel {
  const images = inputTensor({ shape: [...inputShape], name: 'input' });
  const layer = new OnnxFileLayer(file, outputShape, endsInSoftmax ? 'softmax' : 'linear', { name: 'onnx' });
  return model({ inputs: images, outputs: layer.apply(images) as SymbolicTensor, name });
}
