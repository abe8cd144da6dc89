export { preluNetA, preluNetB, preluNetC } from './prelu-net.js';
export {
  vgg11,
  vgg11Bn,
  vgg11Lrn,
  vgg13,
  vgg13Bn,
  vgg16,
  vgg16Bn,
  vgg16c,
  vgg19,
  vgg19Bn,
} from './vgg.js';
