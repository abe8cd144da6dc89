export { auxiliaryLossWeights, googlenet, googlenetPaper } from './googlenet.js';
