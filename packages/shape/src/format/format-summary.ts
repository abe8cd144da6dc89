import { callable, check, checkFewOptions, oneOf, optional } from '@cnnzoo/checks';
import type { ModelSummary } from '../summarize.js';
import { summaryRule } from '../summary-rule.js';
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
  const { style = 'torchsummary' } = checkFewOptions<FormatOptions>('formatSummary', options, {
    style: optional(oneOf(['torchsummary', 'keras', 'markdown', 'json'])),
    moduleType: optional(callable<(path: string) => string | undefined>("a function of a module's path")),
  });
  return styles[style](check('summary', summary, summaryRule), options);
}
