import { int8Products } from '@cnnzoo/backend-onnx';
import { expect, it } from 'vitest';
import { resolved, weightsFor } from './options.js';

it('weights have as many bits as the processor is exact with, or as was said', () => {
  expect(weightsFor('exact')).toBe('int8');
  expect(weightsFor('saturating')).toBe('int7');
  expect(resolved({}, []).weights).toBe(weightsFor(int8Products()));
  for (const weights of ['int8', 'int7'] as const) expect(resolved({ weights }, []).weights).toBe(weights);
});
