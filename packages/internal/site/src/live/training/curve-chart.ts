/** A chart of two curves that grow. */
import { element } from '../elements.js';

export interface Point {
  readonly step: number;
  readonly value: number;
}

export interface CurveChart {
  readonly place: HTMLElement;
  /** Draws both curves anew. */
  show(training: readonly Point[], test: readonly Point[]): void;
}

const [width, height, left, bottom, top] = [320, 180, 40, 22, 8];

/** @param largest where the scale ends: a larger value is drawn at the edge */
export function curveChart(title: string, largest: number, written: (value: number) => string): CurveChart {
  const x = (step: number, steps: number) => left + ((width - left - 8) * step) / steps;
  const y = (value: number) => top + (height - top - bottom) * (1 - Math.min(1, Math.max(0, value / largest)));
  const drawing = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const at = String(y(share * largest));
    const label = svg('text', { x: String(left - 6), y: at, dy: '0.32em', 'text-anchor': 'end' });
    label.textContent = written(share * largest);
    drawing.append(svg('line', { x1: String(left), x2: String(width - 8), y1: at, y2: at }), label);
  }
  const [first, last] = ['start', 'end'].map((anchor, i) =>
    svg('text', { x: String(i === 0 ? left : width - 8), y: String(height - 6), 'text-anchor': anchor }),
  );
  const training = svg('polyline', { class: 'training' });
  const test = svg('polyline', { class: 'test' });
  drawing.append(...[first, last, training, test].flatMap((part) => part ?? []));
  return {
    place: element('figure', { class: 'chart' }, element('figcaption', {}, title), drawing),
    show(trained, tested) {
      const steps = Math.max(50, trained.at(-1)?.step ?? 0);
      if (first) first.textContent = '0';
      if (last) last.textContent = `${steps} steps`;
      for (const [line, points] of [
        [training, trained],
        [test, tested],
      ] as const)
        line.setAttribute(
          'points',
          points
            .filter(({ value }) => Number.isFinite(value))
            .map(({ step, value }) => `${x(step, steps).toFixed(1)},${y(value).toFixed(1)}`)
            .join(' '),
        );
    },
  };
}

function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
