/**
 * Digits of MNIST as one image: for each class from 0 to 9 five rows of fifty, of which the first four are of the training set and the last is
 * of the test set. A digit's class is thus its place.
 */
export const sheet = { classes: 10, training: 200, test: 50, columns: 50, side: 28 } as const;

/** Where the sheet stands in the site. */
export const sheetFile = 'data/mnist-2500.png';

const { classes, training, test, columns, side } = sheet;
const perClass = training + test;

/** Pixels of the whole. */
export const sheetSize = { width: columns * side, height: (classes * perClass * side) / columns } as const;

/** The pixel where a digit begins: `number` counts those of its class, test digits after training digits. */
export function cornerOf(label: number, number: number): number {
  const place = label * perClass + number;
  return Math.floor(place / columns) * side * sheetSize.width + (place % columns) * side;
}
