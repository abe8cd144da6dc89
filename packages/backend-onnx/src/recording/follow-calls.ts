/** Which layer is being called while a model is recorded: nodes and errors are named by it. */
import type { layers } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/** A model, as far as its layers are asked for. */
interface ModelWithLayers {
  readonly layers: readonly Layer[];
}

/**
 * Notes in `path` which layers are being called, the innermost last, and names the layer in errors. Each layer has another `call` for as
 * long as that takes: tfjs-layers tells nobody when a call ends, and its call hook is called only by layers that think of it.
 * @returns what gives the layers back the `call` that they had: their own, another recording's, or their class's
 * @throws TypeError for a layer that is frozen, and then no layer has changed
 */
export function followCalls(model: ModelWithLayers, path: string[]): () => void {
  const restored: (() => void)[] = [];
  const restore = () => {
    for (const each of restored.splice(0)) each();
  };
  try {
    for (const layer of allLayers(model)) restored.push(followCall(layer, path));
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}

function followCall(layer: Layer, path: string[]): () => void {
  const before = Object.getOwnPropertyDescriptor(layer, 'call');
  const call = layer.call;
  const followed: Layer['call'] = (inputs, kwargs) => {
    path.push(layer.name);
    try {
      return call.call(layer, inputs, kwargs);
    } catch (error) {
      throw blame(error, layer);
    } finally {
      path.pop();
    }
  };
  Object.defineProperty(layer, 'call', { value: followed, configurable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(layer, 'call');
    else Object.defineProperty(layer, 'call', before);
  };
}

/** Layers that are not models, those of models inside the model, too. Layers that wrap one call it: it is part of them. */
function allLayers(model: ModelWithLayers): Layer[] {
  const found = new Set<Layer>();
  const collect = (layers: readonly Layer[]) => {
    for (const layer of layers)
      if ('layers' in layer && Array.isArray(layer.layers)) collect(layer.layers);
      else found.add(layer);
  };
  collect(model.layers);
  return [...found];
}

class LayerError extends Error {}

function blame(error: unknown, layer: Layer): unknown {
  if (error instanceof LayerError || !(error instanceof Error) || error.name !== 'SymbolicReadError') return error;
  return new LayerError(
    `layer '${layer.name}' (${layer.getClassName()}) cannot be recorded as an ONNX graph: ${error.message}`,
    { cause: error },
  );
}
