import { shown } from './arguments.js';
import { formatKeras } from './format-keras.js';
import { formatMarkdown } from './format-markdown.js';
import { formatTorchsummary } from './format-torchsummary.js';
import type { ModelSummary } from './summarize.js';

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

const styles = {
  torchsummary: formatTorchsummary,
  keras: formatKeras,
  markdown: formatMarkdown,
  json: (summary: ModelSummary) => JSON.stringify(summary, null, 2),
} as const;

/**
 * Writes a summary as a table.
 *
 * @param summary what `summarize` returned
 * @param options whose table
 * @returns the lines, without a newline at the end
 * @throws TypeError if the style is unknown
 *
 * @example
 * import { resnet18 } from '@cnnzoo/resnet';
 * import { formatSummary, summarize } from '@cnnzoo/shape';
 *
 * console.log(formatSummary(summarize(resnet18()), { style: 'markdown' }));
 */
export function formatSummary(summary: ModelSummary, options: FormatOptions = {}): string {
  const { style = 'torchsummary' } = options;
  if (!Object.hasOwn(styles, style)) {
    throw new TypeError(`style must be one of ${Object.keys(styles).join(', ')}, got ${shown(style)}`);
  }
  return styles[style](summary, options);
}
