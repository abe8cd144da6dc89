import { useBackend } from '@cnnzoo/backend-node';
import * as tf from '@tensorflow/tfjs-core';

await useBackend();
const [sum] = await tf.sum(tf.mul(tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([3, 5, 7, 6]))).data();
console.log(`${tf.getBackend()} says ${sum}`);
