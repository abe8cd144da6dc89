/** Dropout of @cnnzoo/blocks in a recorded step: its masks become nodes of the graph instead of numbers that are drawn here. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

type Layer = LayersModel['layers'][number];

/** A layer whose n-th mask depends on its seed and n only. */
export type DrawingLayer = Layer & { readonly seed: number; masksDrawn: number; readonly rate: number };

function isDrawing(layer: Layer): layer is DrawingLayer {
  return 'masksDrawn' in layer && 'seed' in layer && 'rate' in layer;
}

/** The layers that draw, those of models inside the model, too. */
export function drawingLayers(layers: readonly Layer[]): DrawingLayer[] {
  return layers.flatMap((layer): DrawingLayer[] => {
    if ('layers' in layer && Array.isArray(layer.layers)) return drawingLayers(layer.layers);
    return isDrawing(layer) ? [layer] : [];
  });
}

/** The number of the next mask: of several layers the smallest, from which the others count on. */
export function nextMask(layers: readonly DrawingLayer[]): number {
  return Math.min(...layers.map(({ masksDrawn }) => masksDrawn));
}

/**
 * Runs something while the layers take their masks from the graph.
 * @param drawn int32 scalar, the number of the first mask
 */
export function withSymbolicMasks<T>(layers: readonly DrawingLayer[], drawn: tf.Tensor, run: () => T): T {
  const first = nextMask(layers);
  const restored: (() => void)[] = [];
  try {
    for (const layer of layers) {
      const { rate, seed } = layer;
      const draw = (x: tf.Tensor) =>
        tf.engine().runKernel<tf.Tensor>(
          'DropoutMask',
          { drawn },
          {
            shape: x.shape,
            rate,
            seed: seed >>> 0,
            ahead: layer.masksDrawn - first,
          },
        );
      restored.push(replaceCall(layer, (x) => (rate === 0 ? x : rate === 1 ? tf.zerosLike(x) : tf.mul(x, draw(x)))));
    }
    return run();
  } finally {
    for (const restore of restored) restore();
  }
}

/** @returns what gives the layer its own `call` back */
function replaceCall(layer: Layer, f: (x: tf.Tensor) => tf.Tensor): () => void {
  const before = Object.getOwnPropertyDescriptor(layer, 'call');
  const call: Layer['call'] = (inputs, kwargs) => {
    const [x] = [inputs].flat();
    if (x === undefined) throw new Error(`layer '${layer.name}' was called without an input`);
    return kwargs['training'] === true ? tf.tidy(() => f(x)) : x;
  };
  // Repeated in @cnnzoo/backend-onnx: what is put in the method's place differs, and both take it away as it was.
  Object.defineProperty(layer, 'call', { value: call, configurable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(layer, 'call');
    else Object.defineProperty(layer, 'call', before);
  };
}
