import { DataError } from '../data-error.js';
import { sortByCodePoints } from '../datasets/code-point-order.js';

/** What says a label: its index, or the name of its class. */
export type RawLabel = number | string;

/** Classes without names are counted up to this label. */
const mostClasses = 2 ** 20;

/** The labels of samples, until their classes are known. */
export class LabelSet {
  readonly #names = new Set<string>();
  #largest = -1;

  add(label: RawLabel): void {
    if (typeof label === 'number') this.#largest = Math.max(this.#largest, label);
    else this.#names.add(label);
    if (this.#names.size > mostClasses || this.#largest >= mostClasses)
      throw new Error(`its labels are of more than ${mostClasses} classes: name them as classes`);
  }

  /** The names in the order of their code points; or the indices themselves. @param problem why a sample has no label */
  categories(place: string, problem = 'there is none'): string[] {
    const [example] = this.#names;
    if (example !== undefined && this.#largest >= 0)
      throw new DataError(place, `some labels are indices, others names such as '${example}': name all as classes`);
    if (example !== undefined) return sortByCodePoints([...this.#names]);
    if (this.#largest < 0) throw new DataError(place, `no sample has a label: ${problem}`);
    return Array.from({ length: this.#largest + 1 }, (_, i) => String(i));
  }
}

/** Labels as indices of known classes. @throws Error where one is none of them */
export function labelIndex(classes: readonly string[]): (raw: RawLabel) => number {
  const indexOf = new Map(classes.map((category, index) => [category, index]));
  return (raw) => {
    const label = typeof raw === 'number' ? raw : indexOf.get(raw);
    if (label === undefined) throw new Error(`its class '${raw}' is not among the ${classes.length} classes`);
    if (label >= classes.length)
      throw new Error(`its label ${label} is not below ${classes.length}, the number of classes`);
    return label;
  };
}
