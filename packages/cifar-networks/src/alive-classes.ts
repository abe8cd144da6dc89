/** Initial weights of a last convolution, to the classes, that a ReLU follows. */
import { type Conv2dOptions, constant, normal } from '@cnnzoo/blocks';

/**
 * A class whose outputs are all negative at first has no gradient behind its ReLU, and the network never predicts it. Images look alike
 * to a deep network with He's weights, so the sign of a class is the same for all of them, and up to half of the classes were dead. A
 * bias of 1 beside small weights, as in AlexNet's paper, keeps every class alive.
 */
export function aliveClasses(): Pick<Conv2dOptions, 'kernelInitializer' | 'biasInitializer'> {
  return { kernelInitializer: normal({ deviation: 0.01 }), biasInitializer: constant(1) };
}
