import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { engineCases, engineGroups } from './engine-cases.js';
import { engineContract } from './engine-contract.js';

it('has cases of every group, each with a name of its own', () => {
  expect(new Set(engineCases.map(({ group }) => group))).toEqual(new Set(engineGroups));
  expect(new Set(engineCases.map(({ name }) => name)).size).toBe(engineCases.length);
});

// The whole suite on every engine is a command of its own, see engine-matrix.ts.
it('holds on the engine for convolutions of layers, pooling, normalizations and losses', async () => {
  registerOnnxBackend({ threads: 1 });
  const results = [];
  for (const filter of ['layer ', 'pooling', 'normalization', 'crossEntropy'])
    results.push(await engineContract({ backend: 'onnx', filter }));
  expect(results.flatMap(({ failures }) => failures)).toEqual([]);
  for (const { passed } of results) expect(passed).toBeGreaterThan(2);
});

it('finds an engine out whose numbers are wrong, or that fails', async () => {
  tf.copyRegisteredKernels('cpu', 'wrong');
  const replace = (kernelName: string, kernelFunc: tf.KernelFunc) => {
    tf.unregisterKernel(kernelName, 'wrong');
    tf.registerKernel({ kernelName, backendName: 'wrong', kernelFunc });
  };
  const average = tf.getKernel('AvgPool', 'cpu').kernelFunc;
  replace('AvgPool', (call) => {
    const result = average(call) as tf.TensorInfo;
    const { values } = (call.backend as MathBackendCPU).data.get(result.dataId);
    (values as Float32Array)[0] = ((values as Float32Array)[0] ?? 0) + 0.001;
    return result;
  });
  replace('LRNGrad', () => {
    throw new Error('no gradient of LRN');
  });
  replace('MaxPool', tf.getKernel('MaxPool', 'cpu').kernelFunc);
  tf.registerBackend('wrong', () => new MathBackendCPU());
  const seen: string[] = [];
  const of = (filter: string) => engineContract({ backend: 'wrong', filter, onCase: (name) => seen.push(name) });
  const averages = await of('average pooling 2x2, stride 2');
  expect(averages).toMatchObject({ passed: 0, failures: [{ problem: /^y: .* at 0, expected/ }, {}] });
  expect(averages.worst).toBeGreaterThan(1);
  const responses = await of('local response normalization, radius 2');
  expect(responses.failures.map(({ problem }) => problem)).toEqual(['no gradient of LRN']);
  expect(await of('max pooling 2x2, stride 2')).toMatchObject({ passed: 2, failures: [] });
  expect(seen).toHaveLength(5);
});

it('skips groups that an engine is known to lack, and refuses backends that there are not', async () => {
  const filter = 'padded by 1';
  expect(await engineContract({ backend: 'cpu', filter, skip: ['convolution padded by a number'] })).toEqual({
    passed: 0,
    skipped: 3,
    failures: [],
    worst: 0,
  });
  await expect(engineContract({ backend: 'nowhere', filter: 'no case' })).rejects.toThrow(/nowhere/);
});
