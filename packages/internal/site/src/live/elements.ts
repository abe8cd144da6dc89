/** DOM elements in one expression. */

type Child = Node | string;

/** `element('p', { class: 'note' }, 'text')`; listeners are added by the caller. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A slider with its name and its value beside it. */
export function slider(
  name: string,
  range: { readonly min: number; readonly max: number; readonly step: number; readonly value: number },
  changed: (value: number) => void,
): HTMLLabelElement {
  const shown = element('output', {}, String(range.value));
  const input = element('input', { type: 'range', ...mapped(range) });
  input.addEventListener('input', () => {
    shown.textContent = input.value;
    changed(input.valueAsNumber);
  });
  return element('label', { class: 'slider' }, element('span', {}, name), input, shown);
}

function mapped(range: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(range).map(([name, value]) => [name, String(value)]));
}

/** A table; cells that are numbers stand right. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): HTMLTableElement {
  const head = element('tr', {}, ...titles.map((title) => element('th', { scope: 'col' }, title)));
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      ...row.map((cell) => element('td', /^-?[\d,.]+( .?B)?$/.test(cell) ? { class: 'number' } : {}, cell)),
    ),
  );
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...body));
}
