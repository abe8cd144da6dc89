/** The composer: parts of a network one after the other, what they put out and cost, and the TypeScript that makes the network. The address holds it. */
import { addressWriter, fromAddress } from '../address.js';
import { element } from '../elements.js';
import {
  type Composition,
  checkValues,
  type Part,
  parseInput,
  parseParts,
  partsText,
  summarizeComposition,
} from './composition.js';
import { partRows } from './part-rows.js';
import { type KindName, kindNames, kindOf } from './parts.js';
import { presets } from './presets.js';
import { typescriptOf } from './typescript-of.js';

export function mount(place: HTMLElement, left: AbortSignal): void {
  const preset = element(
    'select',
    { id: 'preset' },
    element('option', { value: '' }, 'a network …'),
    ...Object.keys(presets).map((name) => element('option', {}, name)),
  );
  const input = element('input', { id: 'input-shape', spellcheck: 'false', size: '12' });
  const added = element(
    'select',
    { id: 'kind', 'aria-label': 'part to add' },
    ...kindNames.map((kind) => element('option', { value: kind }, kindOf(kind).title)),
  );
  const add = element('button', { type: 'button' }, 'Add');
  const copy = element('button', { type: 'button' }, 'Copy the TypeScript');
  const error = element('p', { class: 'error', role: 'alert' });
  const totals = element('p', { id: 'totals', role: 'status' });
  const list = element('div', {});
  const code = element('code', { id: 'typescript' });
  const keep = addressWriter(left);
  let parts: readonly Part[] = [];
  let rows = partRows([], changes());

  function changes() {
    return {
      setValues: (at: number, values: readonly number[]) => {
        parts = parts.map((part, i) => (i === at ? { ...part, values } : part));
        update();
      },
      raise: (at: number) => {
        const [part] = parts.slice(at);
        const others = parts.filter((_, i) => i !== at);
        if (part !== undefined) compose([...others.slice(0, at - 1), part, ...others.slice(at - 1)]);
      },
      remove: (at: number) => compose(parts.filter((_, i) => i !== at)),
    };
  }
  function compose(next: readonly Part[]) {
    parts = next;
    rows = partRows(parts, changes());
    list.replaceChildren(rows.place);
    update();
  }
  function update() {
    keep({ input: input.value, parts: partsText(parts) });
    try {
      for (const { kind, values } of parts) checkValues(kind, values);
      const composition = { input: parseInput(input.value), parts };
      const { parts: summaries, whole } = summarizeComposition(composition);
      rows.show(summaries);
      error.textContent = '';
      totals.textContent = `${whole.params.toLocaleString('en')} parameters, ${whole.macs.toLocaleString('en')} multiply-accumulates; output ${whole.outputShape.join('x')}.`;
      code.textContent = typescriptOf(composition);
      copy.disabled = false;
    } catch (problem) {
      if (!(problem instanceof RangeError || problem instanceof TypeError)) throw problem;
      error.textContent = problem.message;
      rows.show(asFarAsPossible(input.value, parts));
      totals.textContent = '';
      code.textContent = '';
      copy.disabled = true;
    }
  }
  const open = (network: { readonly input: string; readonly parts: string }) => {
    input.value = network.input;
    try {
      compose(parseParts(network.parts));
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      error.textContent = problem.message;
    }
  };
  add.addEventListener('click', () => {
    const kind = added.value as KindName;
    compose([...parts, { kind, values: kindOf(kind).fields.map(({ value }) => value) }]);
  });
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent ?? '');
      copy.textContent = 'Copied';
    } catch {
      // A page that is not from https may not write there: the reader's own copying can.
      getSelection()?.selectAllChildren(code);
      copy.textContent = 'Selected: press Ctrl C';
    }
    setTimeout(() => {
      copy.textContent = 'Copy the TypeScript';
    }, 2000);
  });
  input.addEventListener('input', update);
  preset.addEventListener('change', () => {
    const chosen = presets[preset.value];
    if (chosen !== undefined) open(chosen);
  });
  addEventListener(
    'hashchange',
    () => {
      const network = fromAddress('input', 'parts');
      if (network !== null) open(network);
    },
    { signal: left },
  );
  place.replaceChildren(
    element('label', { for: 'preset' }, 'Start from '),
    preset,
    element('label', { for: 'input-shape' }, 'Input, as height x width x channels '),
    input,
    list,
    element('div', { class: 'buttons' }, added, add),
    error,
    totals,
    element('div', { class: 'buttons' }, copy),
    element('pre', { class: 'scrolls', tabindex: '0', 'aria-label': 'the TypeScript' }, code),
  );
  const network = fromAddress('input', 'parts') ?? Object.values(presets)[0];
  if (network !== undefined) open(network);
}

/** What the first parts put out, where a later one cannot take it. */
function asFarAsPossible(input: string, parts: readonly Part[]) {
  for (let count = parts.length - 1; count > 0; count--)
    try {
      const first = parts.slice(0, count);
      for (const { kind, values } of first) checkValues(kind, values);
      return summarizeComposition({ input: parseInput(input), parts: first } satisfies Composition).parts;
    } catch (problem) {
      if (!(problem instanceof RangeError || problem instanceof TypeError)) throw problem;
    }
  return [];
}
