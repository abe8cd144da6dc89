/** The few shapes that the drawings are made of, as SVG text. Lengths are in pixels of the drawing. */

type Attributes = Readonly<Record<string, string | number>>;

const fontFamily = 'Helvetica, Arial, sans-serif';

/** Ink for text, lines and faint lines; two hues that the colour-blind tell apart. */
export const colors = {
  ink: '#1f2933',
  faint: '#7b8794',
  grid: '#d5dbe1',
  blue: '#2b6cb0',
  blueLight: '#bcd4ee',
  blueLighter: '#dbe8f6',
  blueDark: '#8fb4dc',
  orange: '#d9822b',
} as const;

function escaped(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? '',
  );
}

function rounded(value: string | number): string {
  return typeof value === 'number' ? String(Number(value.toFixed(2))) : escaped(value);
}

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${rounded(value)}"`)
    .join('');
}

export function element(name: string, attributes: Attributes): string {
  return `<${name}${attributesText(attributes)}/>`;
}

interface TextOptions {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly fill?: string;
  readonly weight?: 'normal' | 'bold';
}

export function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { size = 14, anchor = 'start', fill = colors.ink, weight = 'normal' } = options;
  const attributes = { x, y, 'font-size': size, 'text-anchor': anchor, fill, 'font-weight': weight };
  return `<text${attributesText(attributes)}>${escaped(content)}</text>`;
}

export function polygon(points: readonly (readonly [number, number])[], attributes: Attributes): string {
  return element('polygon', { points: points.map(([x, y]) => `${rounded(x)},${rounded(y)}`).join(' '), ...attributes });
}

/** A whole drawing on white, which keeps its proportions at any size. The title is read out by screen readers. */
export function drawing(width: number, height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${rounded(width)} ${rounded(height)}" width="${rounded(width)}" height="${rounded(height)}" role="img" font-family="${fontFamily}">`,
    `<title>${escaped(title)}</title>`,
    element('rect', { width, height, fill: '#ffffff' }),
    ...parts,
    '</svg>',
  ].join('\n');
}
