import { expect, test } from 'vitest';
import { bundle, packagesIn } from './bundle.js';

test.each([
  ["import { resnet18 } from '@cnnzoo/resnet'; console.log(resnet18);", ['@cnnzoo/blocks', '@cnnzoo/resnet']],
  ["import { conv2d } from '@cnnzoo/blocks'; console.log(conv2d);", ['@cnnzoo/blocks']],
  ["import { crossEntropy } from '@cnnzoo/losses'; console.log(crossEntropy);", ['@cnnzoo/losses']],
  ["import { convOutputSize } from '@cnnzoo/shape'; console.log(convOutputSize);", ['@cnnzoo/shape']],
  ["import { centerCrop } from '@cnnzoo/transforms'; console.log(centerCrop);", ['@cnnzoo/transforms']],
])('%s bundles that package and what it needs, and nothing else of ours', async (program, packages) => {
  expect(packagesIn(await bundle(program))).toEqual(packages);
});

test('resnet18 needs less than the whole package', async () => {
  const { gzipped: one } = await bundle("export { resnet18 } from '@cnnzoo/resnet'");
  const { gzipped: all } = await bundle("export * from '@cnnzoo/resnet'; export * from '@cnnzoo/blocks'");
  console.log(`resnet18 with blocks: ${one} bytes minified and gzipped, of ${all}`);
  expect(one).toBeLessThan(0.8 * all);
});
