import { join } from 'node:path';
import * as blocks from '@cnnzoo/blocks';
import '@tensorflow/tfjs-backend-cpu';
import { input, type LayersModel, model } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkValues, type Part, parseInput, parseParts, partsText, summarizeComposition } from './composition.js';
import { network as googlenetBeginning } from './fixtures/inception.js';
import { network as lenet } from './fixtures/lenet.js';
import { network as lenetBatchNorm } from './fixtures/lenet-batch-norm.js';
import { network as residual } from './fixtures/residual-cifar.js';
import { network as resnet50 } from './fixtures/resnet50.js';
import { kindNames, kindOf } from './parts.js';
import { presets } from './presets.js';
import { typescriptOf } from './typescript-of.js';

/** Runs the program that the page writes. */
function built(program: string): LayersModel {
  const body = program.replaceAll(/^import .*$/gm, '').replace('export const network =', 'return');
  return new Function(...Object.keys(blocks), 'input', 'model', body)(...Object.values(blocks), input, model);
}

const partRule = fc
  .constantFrom(...kindNames)
  .chain((kind) =>
    fc
      .tuple(...kindOf(kind).fields.map(({ min, max }) => fc.integer({ min, max: Math.min(max, 6) })))
      .map((values): Part => ({ kind, values })),
  );

test('a drawn network is in its program what the page says of it, or the page says why it cannot be', () => {
  let made = 0;
  fc.assert(
    fc.property(
      fc.array(partRule, { maxLength: 7 }),
      fc.integer({ min: 8, max: 40 }),
      fc.integer({ min: 1, max: 4 }),
      (parts, size, channels) => {
        const composition = { input: [size, size + 1, channels] as const, parts };
        expect(parseParts(partsText(parts))).toEqual(parts);
        let summary: ReturnType<typeof summarizeComposition>;
        try {
          summary = summarizeComposition(composition);
        } catch (problem) {
          expect(problem).toBeInstanceOf(RangeError);
          return;
        }
        const network = built(typescriptOf(composition));
        made += 1;
        const { params, buffers, outputShape } = summary.whole;
        expect([network.countParams(), network.outputs[0]?.shape.slice(1)]).toEqual([
          params + buffers,
          [...outputShape],
        ]);
        network.dispose();
      },
    ),
    { numRuns: 150, seed: 1 },
  );
  expect(made).toBeGreaterThan(30);
});

describe('the presets', () => {
  test.each(Object.entries(presets))(
    '%s: its program in fixtures, which is compiled, is the one that the page writes',
    async (_, { file, ...network }) => {
      const composition = { input: parseInput(network.input), parts: parseParts(network.parts) };
      await expect(typescriptOf(composition)).toMatchFileSnapshot(join(import.meta.dirname, 'fixtures', `${file}.ts`));
    },
  );

  test('have each kind of part, so that each is compiled', () => {
    const kinds = Object.values(presets).flatMap(({ parts }) => parseParts(parts).map(({ kind }) => kind));
    expect(new Set(kinds)).toEqual(new Set(kindNames));
  });

  // LeNet-5: the lecture's table 6-1; batch norm has a scale, an offset, a mean and a variance for each of its 22 channels.
  // ResNet-50: torchvision's 25,557,032 parameters, and its 53,120 running statistics.
  // For CIFAR: ResNet-20's 269,722, and two projections with batch norm, 16 x 32 + 64 and 32 x 64 + 128.
  test.each([
    ['LeNet-5', lenet, 61_706, 0],
    ['ResNet-50', resnet50, 25_557_032, 53_120],
    ["GoogLeNet's beginning", googlenetBeginning, null, null],
    ['A residual network for CIFAR-10', residual, 272_474, 1568],
    ['LeNet-5 with batch norm', lenetBatchNorm, 61_706 + 2 * 22, 2 * 22],
  ])('%s has the parameters of the original, and those that the page says', (name, network, params, buffers) => {
    const { input: size = '', parts = '' } = presets[name] ?? {};
    const { whole } = summarizeComposition({ input: parseInput(size), parts: parseParts(parts) });
    expect(network.countParams()).toBe(whole.params + whole.buffers);
    expect([params ?? whole.params, buffers ?? whole.buffers]).toEqual([whole.params, whole.buffers]);
  });
});

test.each([
  ['conv:64,3,1', /conv has 4 numbers, filters, kernel, stride, padding; got 3/],
  ['conv:0,3,1,1', /filters of conv must be an integer from 1 to 4096, got 0/],
  ['conv:1e9,3,1,1', /filters of conv must be/],
  ['conv:a,3,1,1', /filters of conv must be .*got NaN/],
  ['constructor', /'constructor' is no part of a network: stem, /],
])('an address with %s is refused', (text, message) => {
  expect(() => parseParts(text)).toThrow(message);
  expect(() => checkValues('relu', [1])).toThrow(RangeError);
});
