import { shown } from '@cnnzoo/checks';
import type { ModelSummary } from '../summarize.js';
import { formatKeras } from './format-keras.js';
import { formatMarkdown } from './format-markdown.js';
import type { FormatOptions } from './format-options.js';
import { formatTorchsummary } from './format-torchsummary.js';

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
