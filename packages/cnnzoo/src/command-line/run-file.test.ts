import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readRunFile, runSchema } from './run-file.js';
import { planRun } from './training/run.js';
import { trainOptions } from './training/train-options.js';

const folder = mkdtempSync(join(tmpdir(), 'run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (content: string, name = 'run.yaml') => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return readRunFile(file, trainOptions);
};

test('the schema that the package ships is that of the options', () => {
  const shipped: unknown = JSON.parse(readFileSync(new URL('schema/run.schema.json', import.meta.url), 'utf8'));
  expect(shipped, 'run make-run-schema.ts').toEqual(JSON.parse(JSON.stringify(runSchema(trainOptions))));
});

const run = fc.record(
  {
    data: fc.string({ minLength: 1 }),
    network: fc.constantFrom('resnet18', 'vgg16'),
    weights: fc.constantFrom('DEFAULT', 'none'),
    epochs: fc.integer({ min: 1, max: 1000 }),
    learningRate: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    seed: fc.nat(),
    resume: fc.constant(true),
  },
  { requiredKeys: ['data'] },
);

test('YAML and JSON say the same', async () => {
  await fc.assert(
    fc.asyncProperty(run, async (options) => {
      expect(await read(stringify(options))).toEqual(options);
      expect(await read(JSON.stringify({ $schema: 'x', ...options }), 'run.json')).toEqual(options);
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['data: pets\nepoch: 3', /run\.yaml: there is no 'epoch', did you mean epochs\?/],
  ['data: pets\nepochs: three', /run\.yaml: epochs must be of type integer, got 'three'/],
  ['data: pets\nepochs: 0', /run\.yaml: epochs must be a whole number of at least 1, got '0'/],
  ['data: pets\nnetwork: resnet', /run\.yaml: network must be one of the \d+ .*, did you mean 'resnet/],
  ['data: [', /run\.yaml: /],
  ['- pets', /expected names and values/],
  ['', /expected names and values/],
])('%j is refused', async (content, message) => {
  await expect(read(content)).rejects.toThrow(message);
});

test('what follows where nothing is said', async () => {
  expect(await planRun({ data: 'pets' })).toMatchObject({
    network: 'resnet18',
    weights: 'DEFAULT',
    out: 'resnet18-trained',
    keepCheckpoint: false,
  });
  // No weights are published for it.
  expect(await planRun({ data: 'pets', network: 'cifar_resnet20' })).toMatchObject({ weights: null });
  expect(await planRun({ data: 'cifar', recipe: 'resnet-cifar' })).toMatchObject({
    network: 'cifar_resnet20',
    weights: null,
  });
  await expect(planRun({})).rejects.toThrow(/--data must say/);
  await expect(planRun({ data: 'x', recipe: 'vgg', learningRate: 1 })).rejects.toThrow(/recipe has its own/);
});
