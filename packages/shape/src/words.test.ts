import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LayerSpec, summarize } from './index.js';
import { parseLayers } from './words.js';

test('LeNet-5 in words', () => {
  const layers = parseLayers(
    'conv 5x5/6 relu pool 2 conv 5/16 relu pool 2x2 flatten linear 120 relu linear 84 relu linear 10',
  );
  const { params, macs } = summarize(layers, { inputShape: [32, 32, 1] });
  expect({ params, macs }).toEqual({ params: 61706, macs: 416520 });
});

test('options belong to the layer before them', () => {
  expect(parseLayers('conv 3/64 stride 2 padding 1 groups 2 dilation 1x2 nobias avgpool 3 ceil padding same')).toEqual([
    {
      type: 'Conv2d',
      kernelSize: [3, 3],
      outChannels: 64,
      stride: [2, 2],
      padding: [1, 1],
      groups: 2,
      dilation: [1, 2],
      bias: false,
    },
    { type: 'AvgPool2d', kernelSize: [3, 3], ceilMode: true, padding: 'same' },
  ]);
});

test('groups in groups', () => {
  expect(parseLayers('((relu)x2 bn)x3').map(({ type }) => type)).toEqual(
    [1, 2, 3].flatMap(() => ['ReLU', 'ReLU', 'BatchNorm2d']),
  );
});

/** A layer as words and as a specification. */
const layer: fc.Arbitrary<readonly [string, LayerSpec]> = fc.oneof(
  fc
    .record({
      h: fc.integer({ min: 1, max: 9 }),
      w: fc.integer({ min: 1, max: 9 }),
      c: fc.integer({ min: 1, max: 999 }),
    })
    .map(({ h, w, c }): [string, LayerSpec] => [
      `conv ${h}x${w}/${c}`,
      { type: 'Conv2d', kernelSize: [h, w], outChannels: c },
    ]),
  fc
    .integer({ min: 1, max: 9 })
    .map((k): [string, LayerSpec] => [`pool ${k}`, { type: 'MaxPool2d', kernelSize: [k, k] }]),
  fc.constant<[string, LayerSpec]>(['relu', { type: 'ReLU' }]),
);

test('drawn layers are read as they are written, with any space between them', () => {
  fc.assert(
    fc.property(fc.array(layer, { minLength: 1 }), fc.constantFrom(' ', '\n', ' , ', '  '), (layers, space) => {
      expect(parseLayers(layers.map(([words]) => words).join(space))).toEqual(layers.map(([, spec]) => spec));
    }),
  );
});

test('whatever is written, a RangeError says what is wrong, or there are layers', () => {
  const word = fc.constantFrom('conv', '3/4', 'pool', '(', ')', ')x2', '2', 'padding', 'relu', 'x', '3x3', '');
  fc.assert(
    fc.property(
      fc.array(word).map((words) => words.join(' ')),
      (written) => {
        try {
          expect(parseLayers(written).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      },
    ),
  );
});

test.each([
  ['', /there are no layers/],
  ['conv 3', /KERNEL\/CHANNELS, such as 5x5\/6, got '3'/],
  ['conv 3/0', /whole number from 1/],
  ['stride 2', /stride must come after one of Conv2d.*nothing/],
  ['relu stride 2', /after ReLU/],
  ['linear', /linear must be followed by a whole number.*got ''/],
  ['(relu', /a '\)' is missing/],
  ['relu)', /'\)' without a '\('/],
  ['constructor', /there is no layer 'constructor'/],
])('%j is refused', (written, message) => {
  expect(() => parseLayers(written)).toThrow(message);
});
