import { describe, expect, test } from 'vitest';
import { drawNetwork, drawReceptiveField } from '../draw.js';
import { inceptionV3 } from '../fixtures/inception-v3.js';
import { resnet } from '../fixtures/resnet.js';
import { type LayerSpec, summarize } from '../index.js';

const layers: LayerSpec[] = [
  { type: 'Conv2d', outChannels: 8, kernelSize: 3, bias: false },
  { type: 'ReLU' },
  { type: 'Conv2d', outChannels: 16, kernelSize: 3, stride: 2, bias: false },
];
const small = summarize(layers, { inputShape: [16, 16, 2] });
const resnet50 = summarize(resnet('resnet50'), { inputShape: [224, 224, 3] });

/** The texts of a drawing. Fails where a tag is not closed. */
function textsOf(svg: string): string[] {
  const open: string[] = [];
  for (const [, closing, name = '', selfClosing] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (closing) expect(open.pop()).toBe(name);
    else if (!selfClosing) open.push(name);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, content = '']) => content);
}

/** Areas of the rectangles of a colour, in order. */
function areas(svg: string, fill: string): number[] {
  return [...svg.matchAll(new RegExp(`<rect [^>]*fill="${fill}"[^>]*>`, 'g'))].map(([tag]) => {
    const side = (name: string) => Number(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1]);
    return side('width') * side('height');
  });
}

describe('a network', () => {
  test('shows sizes, layers and costs', () => {
    const texts = textsOf(drawNetwork(small, { title: 'Two layers' }));
    expect(texts).toEqual(
      expect.arrayContaining(['Two layers', '16×16×2', '14×14×8', '6×6×16', 'conv 3×3', 'stride 2']),
    );
    expect(texts).toEqual(expect.arrayContaining(['28.2 k', '41.5 k', '144', '1.15 k']));
  });

  test('has squares whose areas are the costs', () => {
    const [first = 0, second = 0] = areas(drawNetwork(small), '#2b6cb0');
    expect(second / first).toBeCloseTo((36 * 1152) / (196 * 144), 1);
  });

  test('of many layers is drawn in stages by the size of the map, which show what the next stage gets', () => {
    const texts = textsOf(drawNetwork(resnet50));
    expect(texts).toEqual(
      expect.arrayContaining(['112×112×64', '56×56×256', '28×28×512', '14×14×1024', '7×7×2048', '1000']),
    );
  });
});

describe('a receptive field', () => {
  test('shows the last layer at each stride', () => {
    const texts = textsOf(drawReceptiveField(resnet50, { title: 'ResNet-50' }));
    expect(texts).toEqual(expect.arrayContaining(['ResNet-50', 'input 224×224', '7', '35', '91', '267', '427']));
  });

  test('of branches grows where both axes have', () => {
    const svg = drawReceptiveField(summarize(inceptionV3(), { inputShape: [299, 299, 3] }));
    expect(textsOf(svg)[1]).toBe('receptive field 1311×1311 pixels, one element every 32, at Mixed_7c.cat_2');
  });

  test('along one axis only is drawn, too', () => {
    const row = summarize([{ type: 'Conv2d', outChannels: 1, kernelSize: [1, 7] }], { inputShape: [9, 9, 1] });
    expect(textsOf(drawReceptiveField(row))).toContain('receptive field 1×7 pixels, one element every 1, at conv2d_1');
  });

  test('of a network that sees single pixels is refused', () => {
    const pointwise = summarize([{ type: 'Conv2d', outChannels: 4, kernelSize: 1 }], { inputShape: [9, 9, 1] });
    expect(() => drawReceptiveField(pointwise)).toThrow(/no layer of network sees more than one pixel/);
  });
});

test('titles and names are escaped', () => {
  expect(drawNetwork(small, { title: '<b> & "c"' })).toContain('&lt;b&gt; &amp; &quot;c&quot;');
});
