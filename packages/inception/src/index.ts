export { bnInception } from './bn-inception.js';
export { type InceptionV2Options, inceptionV2 } from './inception-v2.js';
export { type InceptionV3Options, inceptionV3 } from './inception-v3.js';
