/** How far the neurons of a chain of equal convolutions see. */
import { summarize } from '@cnnzoo/shape';
import { drawReceptiveField } from '@cnnzoo/shape/draw';
import { element, slider } from './elements.js';

export function mount(place: HTMLElement): void {
  const chain = { layers: 3, kernel: 3, stride: 1, dilation: 1 };
  const said = element('p', { id: 'field', 'aria-live': 'polite' });
  const drawing = element('div', { class: 'drawing scrolls', tabindex: '0', 'aria-label': 'the receptive field' });
  const update = () => {
    const { layers, kernel, stride, dilation } = chain;
    const padding = Math.floor((dilation * (kernel - 1)) / 2);
    const convolution = { type: 'Conv2d', outChannels: 64, kernelSize: kernel, stride, dilation, padding } as const;
    const summary = summarize(Array(layers).fill(convolution), { inputShape: [64, 64, 64] });
    const [field = 0] = summary.receptiveField?.size ?? [];
    const once = field ** 2 * 64 * 64;
    const weights = layers * (kernel ** 2 * 64 * 64);
    said.textContent = `${layers} convolutions of ${kernel}x${kernel} see ${field}x${field} pixels with ${weights.toLocaleString('en')} weights between 64 channels. One convolution of ${field}x${field} has ${once.toLocaleString('en')}.`;
    drawing.innerHTML = drawReceptiveField(summary);
  };
  const control = (name: keyof typeof chain, text: string, min: number, max: number, step = 1) =>
    slider(text, { min, max, step, value: chain[name] }, (value) => {
      chain[name] = value;
      update();
    });
  place.replaceChildren(
    control('layers', 'convolutions', 1, 5),
    control('kernel', 'kernel', 1, 7, 2),
    control('stride', 'stride', 1, 2),
    control('dilation', 'dilation', 1, 3),
    said,
    drawing,
  );
  update();
}
