export { alexnet, alexnetBook } from './alexnet.js';
export { alexnetPaper } from './alexnet-paper.js';
export { zfnet, zfnetB } from './zfnet.js';
