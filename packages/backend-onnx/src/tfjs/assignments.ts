/**
 * What variables were before they were assigned results that are not computed yet. A step that fails when its graph runs then changes
 * nothing: on a backend that computes at once, it would have failed before the first assignment.
 */
import * as tf from '@tensorflow/tfjs-core';

type Listener = (variable: tf.Variable) => void;

let listener: Listener | null = null;
let original: ((this: tf.Variable, value: tf.Tensor) => void) | null = null;

/** Calls `onAssign` before a variable gets another value. One listener at a time: there is one backend. */
export function followAssignments(onAssign: Listener): void {
  listener = onAssign;
  if (original !== null) return;
  const { assign } = tf.Variable.prototype;
  original = assign;
  tf.Variable.prototype.assign = function (this: tf.Variable, value: tf.Tensor) {
    listener?.(this);
    assign.call(this, value);
  };
}

/** Assigns without telling. */
export function assignQuietly(variable: tf.Variable, value: tf.Tensor): void {
  (original ?? tf.Variable.prototype.assign).call(variable, value);
}
