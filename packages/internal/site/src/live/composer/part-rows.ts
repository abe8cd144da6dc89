/** The parts of a composition as rows that can be changed. */
import { element } from '../elements.js';
import type { Part, PartSummary } from './composition.js';
import { kindOf } from './parts.js';

export interface PartChanges {
  setValues(at: number, values: readonly number[]): void;
  /** Puts the part one place up. */
  raise(at: number): void;
  remove(at: number): void;
}

/** One row a part; `show` fills in what the parts put out, as far as that is known, and leaves the fields as they are. */
export function partRows(parts: readonly Part[], changes: PartChanges) {
  const rows = parts.map((part, at) => partRow(part, at, changes));
  return {
    place: element('ol', { class: 'parts' }, ...rows.map(({ row }) => row)),
    show(summaries: readonly PartSummary[]) {
      for (const [i, { result }] of rows.entries()) {
        const summary = summaries[i];
        result.textContent =
          summary === undefined
            ? ''
            : `${summary.outputShape.join('x')}${summary.params === 0 ? '' : `, ${summary.params.toLocaleString('en')} parameters`}`;
      }
    },
  };
}

function partRow({ kind, values }: Part, at: number, changes: PartChanges) {
  const { title, fields } = kindOf(kind);
  const inputs = fields.map(({ name, min, max }, i) => {
    const input = element('input', {
      type: 'number',
      value: String(values[i]),
      min: String(min),
      max: String(max),
      'aria-label': `${name} of part ${at + 1}, ${kind}`,
    });
    input.addEventListener('input', () =>
      changes.setValues(
        at,
        inputs.map((each) => each.valueAsNumber),
      ),
    );
    return input;
  });
  const button = (text: string, name: string, pressed: () => void) => {
    const made = element('button', { type: 'button', 'aria-label': `${name} part ${at + 1}, ${kind}` }, text);
    made.addEventListener('click', pressed);
    return made;
  };
  const raise = button('↑', 'raise', () => changes.raise(at));
  raise.disabled = at === 0;
  const result = element('span', { class: 'result' });
  const labelled = fields.map(({ name }, i) => element('label', {}, `${name} `, inputs[i] ?? ''));
  return {
    result,
    row: element(
      'li',
      {},
      element('span', { class: 'title' }, title),
      element('span', { class: 'fields' }, ...labelled),
      result,
      element(
        'span',
        { class: 'tools' },
        raise,
        button('×', 'remove', () => changes.remove(at)),
      ),
    ),
  };
}
