/**
 * Geometries by the numbers that they are computed from. A model calls the same convolutions in each prediction and training step,
 * and tfjs's arithmetic for one takes longer than recording it.
 */
interface Known<T> {
  readonly numbers: readonly number[];
  readonly result: T;
}

/** Images of ever new sizes must not fill the memory. */
const capacity = 4_096;

export class GeometryMemo<T> {
  readonly #known = new Map<number, Known<T>[]>();
  #count = 0;

  /**
   * @param numbers all that the result depends on; may be written to afterwards
   * @param compute what it throws is thrown, and not remembered
   */
  get(numbers: readonly number[], compute: () => T): T {
    let hash = 0;
    for (const number of numbers) hash = (hash * 31 + number) | 0;
    for (const each of this.#known.get(hash) ?? []) if (same(each.numbers, numbers)) return each.result;
    const result = compute();
    if (this.#count >= capacity) {
      this.#known.clear();
      this.#count = 0;
    }
    const entry = { numbers: [...numbers], result };
    const alike = this.#known.get(hash);
    if (alike) alike.push(entry);
    else this.#known.set(hash, [entry]);
    this.#count++;
    return result;
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
