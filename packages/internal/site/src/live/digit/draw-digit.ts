/** A digit drawn by hand, and what LeNet-5 sees in it. */
import { percent, probabilityBars } from '../bars.js';
import { element } from '../elements.js';
import { mnistDigits } from '../mnist.js';
import { showBrightness, smallPicture } from '../pixels.js';
import { centerDigit } from './center-digit.js';
import { layerPictures } from './layer-pictures.js';
import { drawingPad } from './pad.js';

const digits = Array.from({ length: 10 }, (_, digit) => String(digit));

export function mount(place: HTMLElement, left: AbortSignal): void {
  const answer = element('p', { id: 'answer', role: 'status' }, 'Draw a digit.');
  const problem = element('p', { class: 'error', role: 'alert' });
  const input = smallPicture(28, 28);
  const bars = element('ul', { class: 'bars' });
  const pictures = layerPictures();
  let network: ReturnType<typeof import('./lenet.js')['loadLenet']> | null = null;
  /** Whether a look at the drawing is due. */
  let due = false;

  const saying = async (work: () => Promise<void>) => {
    try {
      problem.textContent = '';
      await work();
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const blank = (said: string) => {
    answer.textContent = said;
    bars.replaceChildren(...probabilityBars(digits.map((category) => ({ category, probability: 0 }))));
    showBrightness(input, { values: [], stride: 1, first: 0, largest: 1 });
    pictures.show([]);
  };
  const look = async () => {
    if (network === null) {
      answer.textContent = 'LeNet-5 is being loaded …';
      network = import('./lenet.js').then(({ loadLenet }) => loadLenet());
      network.catch(() => {
        // The next stroke tries again.
        network = null;
      });
    }
    const see = await network;
    due = false;
    const digit = centerDigit(pad.read());
    if (left.aborted || digit === null) return;
    const start = performance.now();
    const { outputs, probabilities } = see(digit);
    const time = performance.now() - start;
    const said = probabilities.indexOf(Math.max(...probabilities));
    answer.textContent = `LeNet-5 says ${said}, with a probability of ${percent(probabilities[said] ?? 0)}. It took ${time.toFixed(0)} ms.`;
    bars.replaceChildren(
      ...probabilityBars(digits.map((category, i) => ({ category, probability: probabilities[i] ?? 0 }))),
    );
    showBrightness(input, { values: digit.data, stride: 1, first: 0, largest: 255 });
    pictures.show(outputs);
  };
  /** Strokes come faster than the network answers: one look a frame is enough. */
  const lookSoon = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => saying(look).finally(() => (due = false)));
  };
  const pad = drawingPad(lookSoon);

  const clear = element('button', { type: 'button' }, 'Clear');
  clear.addEventListener('click', () => {
    pad.clear();
    blank('Draw a digit.');
  });
  const example = element('button', { type: 'button' }, 'A digit of MNIST');
  example.addEventListener('click', () =>
    saying(async () => {
      const { test } = await mnistDigits();
      const chosen = Math.floor(Math.random() * test.labels.length);
      pad.show(test.images.subarray(chosen * 784, (chosen + 1) * 784), 28);
      example.textContent = `This is a ${test.labels[chosen]}. Another digit of MNIST`;
      lookSoon();
    }),
  );
  place.replaceChildren(
    element(
      'div',
      { class: 'beside' },
      element('div', {}, pad.canvas, element('div', { class: 'buttons' }, clear, example)),
      element('div', {}, answer, problem, bars),
    ),
    element(
      'section',
      { class: 'layers' },
      element('h2', {}, 'Input: 28x28'),
      element('p', {}, "The drawing in 20x20 pixels, its centre of mass in the middle, as MNIST's digits are"),
      element('div', { class: 'maps' }, input),
    ),
    pictures.place,
  );
  blank('Draw a digit.');
}
