export { type DrawNetworkOptions, drawNetwork } from './draw-network.js';
export { type DrawReceptiveFieldOptions, drawReceptiveField } from './draw-receptive-field.js';
