/**
 * A file that cannot be used: missing, truncated, corrupt, or not what it should be. `file` names it.
 * @example
 * import { DataError, readImage } from '@cnnzoo/data';
 *
 * try {
 *   await readImage('broken.jpg');
 * } catch (error) {
 *   if (error instanceof DataError) console.log(`${error.file} cannot be used: ${error.message}`);
 * }
 */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly file: string;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${problem}`, options);
    this.file = file;
  }
}
