import type { Batch } from '../loop/batch.js';

/** After this many images with the same label nobody has to wait for the end of the epoch. */
const enough = 1000;

/** Watches labels until two classes were seen, which in nearly all runs is in the first batch. */
interface LabelWatch {
  /** Looks at a batch. @returns what is wrong, or null */
  look(batch: Batch): Promise<string | null>;
  /** @returns what is wrong after a whole epoch, or null */
  endEpoch(): string | null;
}

export function watchLabels(): LabelWatch {
  let only: number | null = null;
  let images = 0;
  let varied = false;
  const fault = (least: number) =>
    varied || only === null || images < least
      ? null
      : `the ${images} images so far all have label ${only}: a network learns nothing from one class. ` +
        'If the data set is sorted by class, give its DataLoader shuffle: true; otherwise look at its labels.';
  return {
    async look({ labels }) {
      if (varied) return null;
      const [count = 0, classes = 0] = labels.shape;
      const values = await labels.data();
      for (let i = 0; i < count; i++) {
        const label = labels.shape.length === 1 ? (values[i] ?? 0) : certain(values, i * classes, classes);
        only ??= label;
        varied ||= label !== only || label < 0;
      }
      images += count;
      return fault(enough);
    },
    // One image alone has one class in any case.
    endEpoch: () => fault(2),
  };
}

/** The class that has all of a distribution; -1 where several share it. */
function certain(values: ArrayLike<number>, start: number, classes: number): number {
  let found = -1;
  for (let i = 0; i < classes; i++)
    if ((values[start + i] ?? 0) > 0) {
      if (found >= 0) return -1;
      found = i;
    }
  return found;
}
