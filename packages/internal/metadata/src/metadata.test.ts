import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkPreprocessing,
  type MetadataHolder,
  type PreprocessingName,
  preprocessingFor,
  preprocessings,
  readMetadata,
  writeMetadata,
} from './index.js';

const names = Object.keys(preprocessings) as PreprocessingName[];

function holder(metadata: object | null | undefined): MetadataHolder {
  let stored = metadata;
  return {
    name: 'mine',
    getUserDefinedMetadata: () => stored,
    setUserDefinedMetadata: (changed) => {
      stored = changed;
    },
  };
}

describe('preprocessings', () => {
  test.each(names)('%s is one', (name) => {
    expect(checkPreprocessing('row', preprocessings[name])).toBe(preprocessings[name]);
  });

  test.each(names)('%s scales with the input, and the crop fits into what was resized', (name) => {
    const row = preprocessings[name];
    const own = preprocessingFor(name, [row.cropSize, row.cropSize, row.mean.length]);
    expect(own).toEqual({ padding: 0, interpolation: 'bilinear', ...row });
    expect(preprocessingFor(name, [null, null, row.mean.length])).toEqual(own);
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 1024 }), fc.integer({ min: 1, max: 5 }), (size, channels) => {
        const scaled = checkPreprocessing('scaled', preprocessingFor(name, [size, size, channels]), channels);
        expect(scaled.cropSize).toBe(size);
        expect(scaled.resizeSize + 2 * (scaled.padding ?? 0)).toBeGreaterThanOrEqual(size);
      }),
    );
  });

  test.each<[object, number | null, string]>([
    [{ resizeSize: 0 }, null, 'p.resizeSize must be an integer of at least 1, got 0'],
    [{ cropSize: '8' }, null, "p.cropSize must be an integer of at least 1, got '8'"],
    [{ padding: -1 }, null, 'p.padding must be an integer of at least 0, got -1'],
    [{ interpolation: 'nearest' }, null, "p.interpolation must be one of 'bilinear', 'bicubic', got 'nearest'"],
    [{ mean: [Number.NaN] }, null, 'p.mean[0] must be a finite number, got NaN'],
    [{ std: [0] }, null, 'p.std[0] must be a finite number other than 0, got 0'],
    [{ std: [1, 1] }, null, 'p.std must be an array of 1, one a channel, got [1, 1]'],
    [{}, 3, 'p.mean must be an array of 3, one a channel, got [0.1307]'],
    [{ standardDeviation: [1] }, null, "p has no option 'standardDeviation'"],
  ])('%j is refused', (changes, channels, message) => {
    expect(() => checkPreprocessing('p', { ...preprocessings.mnist, ...changes }, channels)).toThrow(message);
  });
});

describe('metadata of a model', () => {
  const whole = {
    id: 'resnet18',
    options: { numClasses: 2 },
    preprocessing: preprocessings.imagenet,
    categories: ['cat', 'dog'],
    licence: 'MIT',
  };

  test('are read as they were written, and others stay', () => {
    const model = holder({ theirs: 1 });
    writeMetadata(model, whole);
    expect(readMetadata(model)).toEqual(whole);
    writeMetadata(model, { categories: null });
    expect(readMetadata(model)).toEqual({ ...whole, categories: undefined });
    expect(model.getUserDefinedMetadata()).toMatchObject({ theirs: 1 });
  });

  test.each([null, undefined, {}, { preprocessing: null }, { theirs: 1 }])('%j says nothing', (metadata) => {
    expect(readMetadata(holder(metadata))).toEqual({});
  });

  test.each<[object, string]>([
    [{ id: 3 }, "metadata of model 'mine': id must be a string that is not empty, got 3"],
    [{ options: [] }, "metadata of model 'mine': options must be an object, got []"],
    [{ categories: 'cat' }, "metadata of model 'mine': categories must be an array, each"],
    [{ categories: ['cat', 1] }, "metadata of model 'mine': categories[1] must be a string that is not empty, got 1"],
    [{ preprocessing: { ...preprocessings.mnist, mean: 'x' } }, "metadata of model 'mine': preprocessing.mean must be"],
    [{ licence: {} }, "metadata of model 'mine': licence must be"],
  ])('%j is refused', (metadata, message) => {
    expect(() => readMetadata(holder(metadata))).toThrow(message);
    const model = holder({});
    expect(() => writeMetadata(model, metadata)).toThrow(TypeError);
    expect(model.getUserDefinedMetadata()).toEqual({});
  });

  test('whatever a file says, reading it answers or throws an error that names the model', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (preprocessing, categories, options) => {
        try {
          readMetadata(holder({ preprocessing, categories, options }));
        } catch (error) {
          expect(String(error)).toMatch(/^(Type|Range)Error: metadata of model 'mine': /);
        }
      }),
    );
  });
});
