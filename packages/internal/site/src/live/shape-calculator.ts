/** The shape calculator: a network in words, and what comes out as one types. The address holds the network. */
import { type ModelSummary, summarize } from '@cnnzoo/shape';
import { drawNetwork } from '@cnnzoo/shape/draw';
import { layerGrammar, parseLayers } from '@cnnzoo/shape/words';
import { addressWriter, fromAddress } from './address.js';
import { element, table } from './elements.js';

interface Network {
  readonly layers: string;
  /** HEIGHTxWIDTHxCHANNELS */
  readonly input: string;
}

/** The lecture's. */
export const presets: Readonly<Record<string, Network>> = {
  'LeNet-5, table 6-1': {
    layers: 'conv 5x5/6 relu pool 2 conv 5x5/16 relu pool 2 flatten linear 120 relu linear 84 relu linear 10',
    input: '32x32x1',
  },
  'AlexNet, table 6-2': {
    layers:
      'conv 11/96 stride 4 relu lrn 5 pool 3 stride 2 conv 5/256 padding 2 groups 2 relu lrn 5 pool 3 stride 2 conv 3/384 padding 1 relu conv 3/384 padding 1 groups 2 relu conv 3/256 padding 1 groups 2 relu pool 3 stride 2 flatten linear 4096 relu dropout linear 4096 relu dropout linear 1000',
    input: '227x227x3',
  },
  'VGG-16, table 1 D': {
    layers:
      '(conv 3/64 padding 1 relu)x2 pool 2 (conv 3/128 padding 1 relu)x2 pool 2 (conv 3/256 padding 1 relu)x3 pool 2 (conv 3/512 padding 1 relu)x3 pool 2 (conv 3/512 padding 1 relu)x3 pool 2 flatten (linear 4096 relu dropout)x2 linear 1000',
    input: '224x224x3',
  },
  '3x3 twice sees 5x5, section 3.2': { layers: '(conv 3/64 padding 1)x2', input: '32x32x64' },
  '7x7 as 3x3 three times, section 3.2': { layers: '(conv 3/64 padding 1)x3', input: '56x56x64' },
  '5x5 as two 3x3, section 6.2': { layers: 'conv 3/64 padding 1 relu conv 3/64 padding 1 relu', input: '28x28x64' },
  'nx1 after 1xn, section 6.2': {
    layers: 'conv 1x7/128 padding 0x3 relu conv 7x1/128 padding 3x0 relu',
    input: '17x17x128',
  },
};

export function mount(place: HTMLElement, left: AbortSignal): void {
  const layers = element('textarea', {
    id: 'layers',
    rows: '4',
    spellcheck: 'false',
    'aria-describedby': 'shape-error',
  });
  const input = element('input', { id: 'input-shape', spellcheck: 'false', size: '12' });
  const preset = element(
    'select',
    { id: 'preset' },
    element('option', { value: '' }, 'an example of the lecture …'),
    ...Object.keys(presets).map((name) => element('option', {}, name)),
  );
  const error = element('p', { id: 'shape-error', class: 'error', role: 'alert' });
  const totals = element('dl', { class: 'totals' });
  const rows = element('div', { class: 'scrolls', tabindex: '0', 'aria-label': 'layers' });
  const drawing = element('div', { class: 'drawing scrolls', tabindex: '0', 'aria-label': 'drawing of the network' });
  const keep = addressWriter(left);
  const show = (network: Network) => {
    layers.value = network.layers;
    input.value = network.input;
    update();
  };
  const update = () => {
    const network = { layers: layers.value, input: input.value };
    keep(network);
    try {
      const summary = summarize(parseLayers(network.layers), { inputShape: parseInput(network.input) });
      error.textContent = '';
      totals.replaceChildren(...totalsOf(summary));
      rows.replaceChildren(layerTable(summary));
      drawing.innerHTML = drawNetwork(summary);
    } catch (problem) {
      if (!(problem instanceof RangeError || problem instanceof TypeError)) throw problem;
      error.textContent = problem.message;
    }
  };
  for (const field of [layers, input]) field.addEventListener('input', update);
  preset.addEventListener('change', () => {
    const chosen = presets[preset.value];
    if (chosen !== undefined) show(chosen);
  });
  addEventListener(
    'hashchange',
    () => show(fromAddress('layers', 'input') ?? { layers: layers.value, input: input.value }),
    {
      signal: left,
    },
  );
  place.replaceChildren(
    element('label', { for: 'preset' }, 'Start from '),
    preset,
    element('label', { for: 'layers' }, 'Layers'),
    layers,
    element('label', { for: 'input-shape' }, 'Input, as height x width x channels '),
    input,
    error,
    totals,
    rows,
    drawing,
    element('details', {}, element('summary', {}, 'All words'), element('pre', {}, layerGrammar)),
  );
  const first = Object.values(presets)[0];
  const network = fromAddress('layers', 'input') ?? first;
  if (network !== undefined) show(network);
}

/** @throws RangeError where the text is no shape */
function parseInput(text: string): [number, number, number] {
  const [height = 0, width = 0, channels = 0, ...more] = text.split(/[x×, ]+/).map(Number);
  const shape: [number, number, number] = [height, width, channels];
  if (more.length > 0 || !shape.every((size) => Number.isInteger(size) && size > 0))
    throw new RangeError(`the input must be HEIGHTxWIDTHxCHANNELS, such as 224x224x3, got '${text}'`);
  return shape;
}

const grouped = (count: number) => count.toLocaleString('en');
const bytes = (count: number) =>
  count < 2 ** 20 ? `${(count / 2 ** 10).toFixed(1)} KB` : `${(count / 2 ** 20).toFixed(1)} MB`;

function totalsOf(summary: ModelSummary): HTMLElement[] {
  const facts: readonly (readonly [string, string])[] = [
    ['output', summary.outputShape.join('x')],
    ['parameters', grouped(summary.params)],
    ['multiply-accumulates', grouped(summary.macs)],
    ['weights', bytes(summary.weightBytes)],
    ['activations, forward', bytes(summary.forwardBytes)],
    ['receptive field', summary.receptiveField?.size.join('x') ?? 'unknown'],
  ];
  return facts.map(([name, fact]) => element('div', {}, element('dt', {}, name), element('dd', {}, fact)));
}

function layerTable({ layers }: ModelSummary): HTMLTableElement {
  return table(
    ['layer', 'output', 'parameters', 'multiply-accumulates', 'activations', 'receptive field'],
    layers.map(({ name, outputShape, params, macs, forwardBytes, receptiveField }) => [
      name,
      outputShape.join('x'),
      grouped(params),
      grouped(macs),
      bytes(forwardBytes),
      receptiveField?.size.join('x') ?? '',
    ]),
  );
}
