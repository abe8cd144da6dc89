import { tf } from './tfjs.js';

/**
 * The class, which tfjs knows from now on by its `className`, so that models with it can be loaded. Every layer function registers its
 * own class and no other, so that a bundle with one layer does not hold all of them.
 */
export function registered<Class extends tf.serialization.SerializableConstructor<tf.serialization.Serializable>>(
  serializable: Class,
): Class {
  tf.serialization.registerClass(serializable);
  return serializable;
}
