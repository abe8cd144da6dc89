export { type DrawNetworkOptions, drawNetwork } from './draw/draw-network.js';
export { type DrawReceptiveFieldOptions, drawReceptiveField } from './draw/draw-receptive-field.js';
