import * as tf from '@tensorflow/tfjs-core';
import { it } from 'vitest';
import { expectSameOnBoth, numbers } from '../testing/both-backends.js';

it('ranges, fills, zeros and ones are those of tfjs', () =>
  expectSameOnBoth(
    () => ({
      up: tf.range(0, 5),
      down: tf.range(3, -2),
      steps: tf.range(0, 1, 0.3),
      back: tf.range(5, 0, -2),
      integers: tf.range(1, 10, 4, 'int32'),
      nothing: tf.range(2, 2),
      wrongWay: tf.range(0, 5, -1),
      fill: tf.fill([2, 3], 1.5),
      integerFill: tf.fill([2], 7, 'int32'),
      zerosLike: tf.zerosLike(tf.exp(numbers([2, 3]))),
      onesLike: tf.onesLike(numbers([2, 3])),
      linspace: tf.linspace(0, 1, 5),
      truncated: tf.cast(tf.range(-2, 2, 0.75), 'int32'),
    }),
    { fallbacks: true },
  ));
