/** How every reader opens a file of weights. */
import { number, type OptionRules, optional, positive, record } from '@cnnzoo/checks';
import { type Budget, type OpenSource, openSource, type ReadLimits, readBudget, type Source } from '@cnnzoo/files';

/** Options of every reader. */
export interface ReadOptions {
  /**
   * The most that reading the file may take. By default that is bounded by the file's size, so that a small file of a stranger cannot
   * take the process down; for a file that you trust, raise the limit that the error names.
   */
  readonly limits?: ReadLimits;
}

const limit = optional(number(0));

export const readRules: OptionRules<ReadOptions> = {
  limits: optional(
    // Repeated in @cnnzoo/data: where the limits are, @cnnzoo/files, knows no rules.
    record<ReadLimits>({
      memory: limit,
      values: limit,
      depth: limit,
      entries: limit,
      time: limit,
      stall: optional(positive),
    }),
  ),
};

/**
 * Opens a file and runs `read` on it, within a budget.
 * @throws RangeError or TypeError that starts with the file's name, whatever `read` throws
 */
export async function readFile<T>(
  source: Source,
  options: ReadOptions,
  read: (file: OpenSource, budget: Budget) => Promise<T>,
): Promise<T> {
  const file = await openSource(source, options.limits);
  const budget = readBudget(file.name, file.size, options.limits);
  try {
    return await read(file, budget);
  } catch (error) {
    if (!(error instanceof Error) || error.message.startsWith(file.name)) throw error;
    const ErrorType = error instanceof RangeError ? RangeError : TypeError;
    throw new ErrorType(`${file.name}: ${error.message}`, { cause: error });
  }
}
