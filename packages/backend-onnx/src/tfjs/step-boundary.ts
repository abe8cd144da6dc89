/**
 * Finds where a step of a user's loop begins, from the state of tfjs's engine. A flush in the middle of a step would fall
 * on another place every time, and each place would be another graph to compile.
 *
 * - `tape`: a gradient tape is opened, which starts a training step. Flushing here keeps what was prepared before it (a
 *   normalized batch, one-hot labels, the step before it if nobody has read its loss) out of the step's graph, so that the first
 *   step's graph is every step's graph.
 * - `scope`: outside training, the outermost `tf.tidy` has changed, or there is none. Between a tape's forward and backward pass and the
 *   updates that follow it, a change of `tf.tidy` is no boundary.
 */
import * as tf from '@tensorflow/tfjs-core';

export type Boundary = 'tape' | 'scope' | null;

export class StepBoundary {
  readonly #engine = tf.engine();
  #recording = false;
  /** Whether a tape was opened since everything was computed: what is recorded is a training step, or a part of one. */
  trains = false;
  #outerScope = -1;

  /** What begins with the node that is about to be recorded; to be asked once for each. */
  next(): Boundary {
    const { gradientDepth, scopeStack } = this.#engine.state;
    const opened = gradientDepth > 0 && !this.#recording;
    this.#recording = gradientDepth > 0;
    if (opened) {
      this.trains = true;
      return 'tape';
    }
    const scope = scopeStack[0]?.id ?? -1;
    const changed = scope === -1 || scope !== this.#outerScope;
    this.#outerScope = scope;
    return changed && !this.trains ? 'scope' : null;
  }

  /** Whether what is recorded now belongs to the forward pass of a training step. */
  get isForward(): boolean {
    return this.#engine.state.gradientDepth > 0;
  }

  /** Everything is computed: what comes now has no history. */
  flushed(): void {
    this.trains = this.#engine.state.gradientDepth > 0;
  }
}
