/**
 * tfjs, for all files here: bundles then import it once. esbuild keeps an import of a package that stays outside for each file that has
 * one, used or not.
 */
export * as tf from '@tensorflow/tfjs-core';
export { initializers, input, layers, model } from '@tensorflow/tfjs-layers';
