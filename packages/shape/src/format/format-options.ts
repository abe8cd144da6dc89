/** The options of `formatSummary`. */
export interface FormatOptions {
  /**
   * `'torchsummary'` (default): the table of the Python package torchsummary 1.5.1, to the character. `'keras'`: the table of Keras 2's
   * `model.summary()`. `'markdown'`: with kernels, multiply-accumulates and receptive fields. `'json'`: every figure.
   */
  style?: 'torchsummary' | 'keras' | 'markdown' | 'json';
  /**
   * For torchsummary, which has a row for each module made of others: the module's class by its path, e.g. `BasicBlock` for `layer1.0`, or
   * undefined for a path without a row. Default: no such rows.
   */
  moduleType?: (path: string) => string | undefined;
}
