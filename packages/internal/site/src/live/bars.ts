/** Probabilities of classes as bars. */
import { element } from './elements.js';

export interface Probability {
  readonly category: string;
  readonly probability: number;
}

/** `79.4 %` */
export const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export function probabilityBars(of: readonly Probability[]): HTMLElement[] {
  return of.map(({ category, probability }) =>
    element(
      'li',
      {},
      element('span', {}, category),
      element('meter', { value: String(probability), 'aria-label': `probability of ${category}` }),
      element('span', { class: 'number' }, percent(probability)),
    ),
  );
}
