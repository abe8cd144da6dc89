/** Other methods for objects of tfjs-layers, until they get theirs back. */
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;
type Call = Layer['call'];

export interface WrappedCalls {
  /** Names of the layers. */
  readonly layers: readonly string[];
  readonly restore: () => void;
}

/** @param wrapped makes a layer's new call of the one that it has */
export function wrapCalls(
  model: LayersModel,
  isWrapped: (layer: Layer) => boolean,
  wrapped: (layer: Layer, call: Call) => Call,
): WrappedCalls {
  const chosen = innerLayers(model.layers).filter(isWrapped);
  const restored = chosen.map((layer) => withMethod(layer, 'call', wrapped(layer, layer.call.bind(layer))));
  return {
    layers: chosen.map(({ name }) => name),
    restore() {
      for (const each of restored.splice(0)) each();
    },
  };
}

/** @returns what gives the object back the method that it had, its own or its class's */
export function withMethod<Key extends string, T extends Readonly<Record<Key, unknown>>>(
  object: T,
  name: Key,
  method: T[Key],
): () => void {
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value: method, configurable: true });
  return () => (own ? Object.defineProperty(object, name, own) : Reflect.deleteProperty(object, name));
}

/** Those of models inside the model, too, each once. */
function innerLayers(all: readonly Layer[]): Layer[] {
  const inner = (layer: Layer) =>
    'layers' in layer && Array.isArray(layer.layers) ? innerLayers(layer.layers) : [layer];
  return [...new Set(all.flatMap(inner))];
}
