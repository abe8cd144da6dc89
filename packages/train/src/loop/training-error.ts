/**
 * Thrown where training has diverged: the loss or a gradient, or a weight that a checkpoint would have, is no longer a finite number.
 * @example
 * import { resnet18 } from '@cnnzoo/resnet';
 * import { type Loader, TrainingError, sgd, train } from '@cnnzoo/train';
 *
 * declare const loader: Loader;
 * const model = resnet18({ numClasses: 10 });
 * try {
 *   const { interrupted } = await train(model, loader, { epochs: 1, optimizer: sgd({ learningRate: 100 }) });
 *   if (interrupted !== null) console.log(`ended early by ${interrupted}`);
 * } catch (error) {
 *   if (error instanceof TrainingError) console.log(`diverged in step ${error.step}`);
 * }
 */
export class TrainingError extends Error {
  override readonly name = 'TrainingError';
  /** The update that went wrong, from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly loss: number;
  /** L2 norm of all gradients of that step. */
  readonly gradientNorm: number;
  /** The folder of the last checkpoint from before, or null. */
  readonly checkpoint: string | null;

  constructor(details: Pick<TrainingError, 'step' | 'learningRate' | 'loss' | 'gradientNorm' | 'checkpoint'>) {
    const { step, learningRate, loss, gradientNorm, checkpoint } = details;
    super(
      `training diverged at step ${step}: loss ${loss}, learning rate ${learningRate}, gradient norm ${gradientNorm}; ` +
        `${checkpoint === null ? 'there is no checkpoint' : `the last good checkpoint is ${checkpoint}`}; try a lower learning rate, a warm-up or clipping`,
    );
    this.step = step;
    this.learningRate = learningRate;
    this.loss = loss;
    this.gradientNorm = gradientNorm;
    this.checkpoint = checkpoint;
  }
}
