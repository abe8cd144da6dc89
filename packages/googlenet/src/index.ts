export { googlenet, googlenetPaper } from './googlenet.js';
