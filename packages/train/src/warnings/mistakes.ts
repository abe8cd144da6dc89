/** The mistakes that `train` warns of, and how the warnings are switched off. */
import { boolean, either, oneOf, optional, record } from '@cnnzoo/checks';

/** Which warnings are given. What is left out is true. */
export interface TrainWarnings {
  /** The first batch has pixels from 0 to 255, and the network expects normalized ones. */
  readonly pixelRange?: boolean;
  /** All labels are the same. */
  readonly oneClass?: boolean;
  /** The loss is far above that of the first step. */
  readonly explodingLoss?: boolean;
  /** A frozen batch norm has the statistics of an untrained network, or ones that do not fit the images, or changes them. */
  readonly frozenBatchNorm?: boolean;
  /** Images of the validation set are in the training set, too. */
  readonly validationImages?: boolean;
}

type Mistake = keyof TrainWarnings;

export const warningsRule = either(
  oneOf([false]),
  record<TrainWarnings>({
    pixelRange: optional(boolean),
    oneClass: optional(boolean),
    explodingLoss: optional(boolean),
    frozenBatchNorm: optional(boolean),
    validationImages: optional(boolean),
  }),
);

/** Tells of a mistake: what was seen, and what to do. */
type Warn = (mistake: Mistake, seenAndRemedy: string) => void;

/** Gives each warning once, on the console, unless it is switched off. */
export function warnOnce(wanted: false | TrainWarnings): { isOpen: (mistake: Mistake) => boolean; warn: Warn } {
  const given = new Set<Mistake>();
  const isOpen = (mistake: Mistake) => wanted !== false && wanted[mistake] !== false && !given.has(mistake);
  const warn: Warn = (mistake, text) => {
    if (!isOpen(mistake)) return;
    given.add(mistake);
    console.warn(`@cnnzoo/train: ${text} (Without this warning: warnings: { ${mistake}: false }.)`);
  };
  return { isOpen, warn };
}
