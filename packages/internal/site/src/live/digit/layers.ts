/** LeNet-5's layers as a page shows them. */

export interface ShownLayer {
  /** The name in the paper. */
  readonly name: string;
  readonly what: string;
  /** Our module whose output it is. */
  readonly module: string;
  /** Pictures: one a channel. Of a vector one, in rows. */
  readonly maps: number;
  readonly height: number;
  readonly width: number;
}

// biome-ignore format: reads as a table
export const layers: readonly ShownLayer[] = [
  { name: 'C1',     what: '6 convolutions of 5x5, ReLU',              module: 'relu1', maps: 6,  height: 28, width: 28 },
  { name: 'S2',     what: 'max pooling of 2x2',                       module: 'pool1', maps: 6,  height: 14, width: 14 },
  { name: 'C3',     what: '16 convolutions of 5x5, ReLU',             module: 'relu2', maps: 16, height: 10, width: 10 },
  { name: 'S4',     what: 'max pooling of 2x2',                       module: 'pool2', maps: 16, height: 5,  width: 5 },
  { name: 'C5',     what: '120 neurons that see all of S4, ReLU',     module: 'relu3', maps: 1,  height: 4,  width: 30 },
  { name: 'F6',     what: '84 neurons, ReLU',                         module: 'relu4', maps: 1,  height: 4,  width: 21 },
  { name: 'Output', what: '10 logits, from which softmax makes the probabilities', module: 'fc3', maps: 1, height: 1, width: 10 },
];
