/** HTML and SVG that nobody can put markup into: whatever is no `Markup` itself is text. */
export class Markup {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

type Content = Markup | string | number | readonly Markup[];

/**
 * Makes markup of a template: `` html`<td>${category}` ``. Texts and numbers in it are escaped for elements and for attributes in quotes;
 * lists of markup are joined.
 */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const parts = contents.map((content, i) => `${written(content)}${template[i + 1] ?? ''}`);
  return new Markup(`${template[0] ?? ''}${parts.join('')}`);
}

/** Markup that is written in this package, such as a style sheet. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function written(content: Content): string {
  if (content instanceof Markup) return content.toString();
  return Array.isArray(content) ? content.map(written).join('') : escaped(String(content));
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
