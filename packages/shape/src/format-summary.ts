import { shown } from './arguments.js';
import { formatTorchsummary } from './format-torchsummary.js';
import type { ModelSummary } from './summarize.js';

const styles = { torchsummary: formatTorchsummary } as const;

/**
 * Writes a summary as a table.
 *
 * @param summary what `summarize` returned
 * @param options `style`: whose table. Default torchsummary
 * @returns the lines, without a newline at the end
 * @throws TypeError if the style is unknown
 *
 * @example
 * ```ts
 * console.log(formatSummary(summarize(lenetBook()), { style: 'torchsummary' }));
 * ```
 */
export function formatSummary(summary: ModelSummary, options: { style?: keyof typeof styles } = {}): string {
  const { style = 'torchsummary' } = options;
  if (!Object.hasOwn(styles, style)) {
    throw new TypeError(`style must be one of ${Object.keys(styles).join(', ')}, got ${shown(style)}`);
  }
  return styles[style](summary);
}
