import type { LayersModel } from '@tensorflow/tfjs-layers';

type Layer = LayersModel['layers'][number];

/** A layer whose n-th random draw depends on its seed and n only, as @cnnzoo/blocks' dropout: n is all there is to its state. */
type DrawingLayer = Layer & { masksDrawn: number };

function* drawingLayers(layers: readonly Layer[], prefix = ''): Generator<[string, DrawingLayer]> {
  for (const layer of layers) {
    const name = `${prefix}${layer.name}`;
    if ('layers' in layer && Array.isArray(layer.layers)) yield* drawingLayers(layer.layers, `${name}.`);
    else if ('masksDrawn' in layer && typeof layer.masksDrawn === 'number') yield [name, layer as DrawingLayer];
  }
}

/** How often each random layer of a model has drawn, by its name. */
export function randomCounters(model: LayersModel): Record<string, number> {
  return Object.fromEntries([...drawingLayers(model.layers)].map(([name, layer]) => [name, layer.masksDrawn]));
}

/** Puts the counts back. Layers that are not among them stay as they are. */
export function restoreRandomCounters(model: LayersModel, counters: Readonly<Record<string, number>>): void {
  for (const [name, layer] of drawingLayers(model.layers)) layer.masksDrawn = counters[name] ?? layer.masksDrawn;
}
