/** Products of matrices, and of any axes. */
import * as tf from '@tensorflow/tfjs-core';
import { type DrawnOperation, drawInput, fusedActivations, sizeOfTerms } from './drawn-case.js';
import { drawShape } from './random.js';

export const productOperations: readonly DrawnOperation[] = [
  {
    name: 'matMul',
    draw: (random) => {
      const [m, k, n] = [random.int(1, 6), random.int(1, 6), random.int(1, 6)];
      const [transposeA, transposeB] = [random.chance(0.5), random.chance(0.5)];
      const batch = drawShape(random, 0, 2, false);
      const one = random.chance(0.2) ? batch.map(() => 1) : batch;
      const a = [...batch, ...(transposeA ? [k, m] : [m, k])];
      const b = [...one, ...(transposeB ? [n, k] : [k, n])];
      return {
        inputs: [drawInput(random, a, 'float32'), drawInput(random, b, 'float32')],
        options: { transposeA, transposeB },
        apply: (x, y) => tf.matMul(x as tf.Tensor, y as tf.Tensor, transposeA, transposeB),
      };
    },
  },
  {
    name: 'dot',
    draw: (random) => {
      const k = random.int(1, 5);
      const [a, b] = [
        random.chance(0.5) ? [k] : [random.int(1, 4), k],
        random.chance(0.5) ? [k] : [k, random.int(1, 4)],
      ];
      const [left, right] = [drawInput(random, a, 'float32'), drawInput(random, b, 'float32')];
      return {
        inputs: [left, right],
        // No value is larger than 2.
        terms: 2 * sizeOfTerms(left),
        options: {},
        apply: (x, y) => tf.dot(x as tf.Tensor, y as tf.Tensor),
      };
    },
  },
  {
    name: 'einsum',
    draw: (random) => {
      const [i, j, k] = [random.int(1, 4), random.int(1, 4), random.int(1, 4)];
      const [equation, shapes] = random.pick<[string, number[][]]>([
        [
          'ij,jk->ik',
          [
            [i, j],
            [j, k],
          ],
        ],
        ['ij->ji', [[i, j]]],
        [
          'ij,ij->',
          [
            [i, j],
            [i, j],
          ],
        ],
        [
          'bij,bjk->bik',
          [
            [2, i, j],
            [2, j, k],
          ],
        ],
        ['ij,j->i', [[i, j], [j]]],
        ['i,j->ij', [[i], [j]]],
        ['ijk->ik', [[i, j, k]]],
      ]);
      return {
        inputs: shapes.map((shape) => drawInput(random, shape, 'float32')),
        // At most 16 products of two values of at most 2.
        terms: 64,
        options: { equation },
        apply: (...xs) => tf.einsum(equation, ...xs),
      };
    },
  },
  {
    name: 'fused.matMul',
    draw: (random) => {
      const [m, k, n] = [random.int(1, 6), random.int(1, 6), random.int(1, 6)];
      const activation = random.pick(fusedActivations);
      const inputs = [
        drawInput(random, [m, k], 'float32'),
        drawInput(random, [k, n], 'float32'),
        drawInput(random, [n], 'float32'),
      ];
      if (activation === 'prelu') inputs.push(drawInput(random, [n], 'float32'));
      return {
        inputs,
        options: { activation },
        apply: (a, b, bias, slopes) =>
          tf.fused.matMul({
            a: a as tf.Tensor,
            b: b as tf.Tensor,
            bias: bias as tf.Tensor,
            activation,
            leakyreluAlpha: 0.3,
            ...(slopes === undefined ? {} : { preluActivationWeights: slopes }),
          }),
        gradient: ['linear', 'relu', 'relu6', 'elu', 'sigmoid'].includes(activation),
      };
    },
  },
];
