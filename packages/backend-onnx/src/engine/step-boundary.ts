/**
 * Finds where a step of a user's loop begins, from the state of tfjs's engine. A flush in the middle of a step would be at another
 * place every time, and each place another graph to compile.
 */
import * as tf from '@tensorflow/tfjs-core';

export class StepBoundary {
  private recording = false;
  private trains = false;
  private outerScope = -1;

  /**
   * To be asked once for each recorded node. A training step begins where a gradient tape is opened; its backward pass and its
   * updates happen in tidies of their own. Without a tape, a step begins where the outermost tidy is another one, or none.
   */
  isStart(): boolean {
    const { gradientDepth, scopeStack } = tf.engine().state;
    const recording = gradientDepth > 0;
    const opened = recording && !this.recording;
    this.recording = recording;
    if (opened) {
      this.trains = true;
      return true;
    }
    const scope = scopeStack[0]?.id ?? -1;
    const changed = scope === -1 || scope !== this.outerScope;
    this.outerScope = scope;
    return changed && !this.trains;
  }

  /** What comes now has no history. */
  forget(): void {
    this.trains = this.recording;
  }
}
