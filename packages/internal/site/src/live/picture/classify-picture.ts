/** A picture of the reader's, what ResNet-20 says of it, and where it looks. */
import type { Image } from '@cnnzoo/transforms';
import { percent, probabilityBars } from '../bars.js';
import { element } from '../elements.js';
import { smallPicture } from '../pixels.js';
import type { PictureClassifier } from './resnet.js';
import { sceneFile, scenes } from './scenes.js';
import { showImage, squareOf } from './square.js';

export function mount(place: HTMLElement, left: AbortSignal): void {
  const answer = element('p', { id: 'answer', role: 'status' }, 'Drop a picture here, paste one or choose one.');
  const problem = element('p', { class: 'error', role: 'alert' });
  const canvas = element('canvas', {
    id: 'picture',
    width: '320',
    height: '320',
    role: 'img',
    'aria-label': 'the picture',
  });
  const seen = smallPicture(32, 32);
  const bars = element('ul', { class: 'bars' });
  const showMap = element('input', { type: 'checkbox', id: 'show-map', checked: '' });
  const ofClass = element('select', { id: 'map-class', 'aria-label': 'class of the map' });
  const mapControls = element(
    'p',
    { class: 'map-controls', hidden: '' },
    element('label', {}, showMap, ' show where it sees '),
    ofClass,
  );
  const file = element('input', { type: 'file', accept: 'image/*', id: 'file', 'aria-label': 'Choose a picture' });
  let network: Promise<PictureClassifier> | null = null;
  let current: Image | null = null;
  /** Of the pictures and maps that were asked for: an answer that comes after a later question is dropped. */
  let latest = 0;

  const loaded = () => {
    network ??= import('./resnet.js')
      .then(({ loadResnet }) => loadResnet())
      .catch((error: unknown) => {
        // The next picture tries again.
        network = null;
        throw error;
      });
    return network;
  };
  const inTurn = async (work: (stale: () => boolean) => Promise<void>) => {
    const turn = ++latest;
    try {
      problem.textContent = '';
      await work(() => turn !== latest || left.aborted);
    } catch (error) {
      if (turn === latest) problem.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  /** Lets the browser draw what has been said before the network keeps it busy. */
  const drawn = () => new Promise((resolve) => setTimeout(resolve, 30));

  const overlay = async (square: Image, stale: () => boolean) => {
    const shown = showMap.checked ? await (await loaded()).mapOf(square, Number(ofClass.value)) : square;
    if (!stale()) showImage(canvas, shown);
  };
  const classify = (source: Blob | Promise<Blob>) =>
    inTurn(async (stale) => {
      const square = await squareOf(await source);
      if (stale()) return;
      showImage(canvas, square);
      answer.textContent = 'ResNet-20 is at work …';
      await drawn();
      const { classify: predictions, categories, seen: seenBy } = await loaded();
      const start = performance.now();
      const found = await predictions(square);
      const time = performance.now() - start;
      const [best] = found;
      if (stale() || best === undefined) return;
      current = square;
      answer.textContent = `ResNet-20 says ${best.category}, with a probability of ${percent(best.probability)}. It took ${time.toFixed(0)} ms.`;
      bars.replaceChildren(...probabilityBars(found));
      showImage(seen, seenBy(square));
      ofClass.replaceChildren(...categories.map((category, i) => element('option', { value: String(i) }, category)));
      ofClass.value = String(best.index);
      mapControls.hidden = false;
      await drawn();
      await overlay(square, stale);
    });

  for (const control of [showMap, ofClass])
    control.addEventListener('change', () =>
      inTurn(async (stale) => {
        if (current !== null) await overlay(current, stale);
      }),
    );
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen !== undefined) void classify(chosen);
    file.value = '';
  });
  const drop = element('div', { class: 'drop' }, canvas);
  for (const type of ['dragenter', 'dragover'])
    drop.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
  for (const type of ['dragleave', 'drop']) drop.addEventListener(type, () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    const [dropped] = event.dataTransfer?.files ?? [];
    if (dropped !== undefined) void classify(dropped);
  });
  addEventListener(
    'paste',
    (event) => {
      const [pasted] = event.clipboardData?.files ?? [];
      if (pasted !== undefined) void classify(pasted);
    },
    { signal: left },
  );
  const examples = Object.entries(scenes).map(([name, draw]) => {
    const button = element('button', { type: 'button' }, name);
    button.addEventListener('click', () => classify(sceneFile(draw)));
    return button;
  });
  place.replaceChildren(
    element(
      'div',
      { class: 'beside' },
      element(
        'div',
        {},
        drop,
        mapControls,
        element('div', { class: 'buttons' }, file),
        element('div', { class: 'buttons' }, ...examples),
      ),
      element(
        'div',
        {},
        answer,
        problem,
        bars,
        element('p', { class: 'note' }, 'What the network gets, 32x32 pixels:'),
        seen,
      ),
    ),
  );
}
