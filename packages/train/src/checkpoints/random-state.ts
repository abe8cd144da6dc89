import type { LayersModel } from '@tensorflow/tfjs-layers';

type Layer = LayersModel['layers'][number];

/** A layer whose n-th random draw depends on its seed and n only, as @cnnzoo/blocks' dropout: both are all there is to its state. */
type DrawingLayer = Layer & { seed: number; masksDrawn: number };

/** Where a random layer is in its sequence of draws. */
export interface RandomState {
  readonly seed: number;
  readonly drawn: number;
}

function* drawingLayers(layers: readonly Layer[], prefix = ''): Generator<[string, DrawingLayer]> {
  for (const layer of layers) {
    const name = `${prefix}${layer.name}`;
    if ('layers' in layer && Array.isArray(layer.layers)) yield* drawingLayers(layer.layers, `${name}.`);
    else if (isDrawing(layer)) yield [name, layer];
  }
}

function isDrawing(layer: Layer): layer is DrawingLayer {
  return 'masksDrawn' in layer && typeof layer.masksDrawn === 'number' && 'seed' in layer;
}

/** The state of each random layer of a model, by its name. */
export function randomState(model: LayersModel): Record<string, RandomState> {
  return Object.fromEntries(
    [...drawingLayers(model.layers)].map(([name, { seed, masksDrawn }]) => [name, { seed, drawn: masksDrawn }]),
  );
}

/** Puts the states back. Layers that are not among them stay as they are. */
export function restoreRandomState(model: LayersModel, states: Readonly<Record<string, RandomState>>): void {
  for (const [name, layer] of drawingLayers(model.layers)) {
    const state = Object.hasOwn(states, name) ? states[name] : undefined;
    if (state === undefined) continue;
    layer.seed = state.seed;
    layer.masksDrawn = state.drawn;
  }
}
