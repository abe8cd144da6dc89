/** A Python program that ends when we do: it reads its standard input, whose other end is ours, and ends where that is closed. */
import { spawn } from 'node:child_process';

/** The Python that is meant where nobody names one. */
export const defaultPython = (): string => process.env['CNNZOO_PYTHON'] ?? 'python3';

/** What to do where there is no such Python. */
const remedy = 'install torch and safetensors in one, and name it by the option python or CNNZOO_PYTHON';

/**
 * Runs a program, and gives its last line as JSON.
 * @throws Error naming the program and the remedy where it cannot be started or lacks a module; with the end of what it said where it fails
 */
export async function runPython(python: string, words: readonly string[]): Promise<unknown> {
  const child = spawn(python, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  const stop = () => child.kill();
  process.once('exit', stop);
  // Where it has ended before us.
  child.stdin.on('error', () => {});
  try {
    let [output, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000);
    });
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new Error(`'${python}' is no Python that can be started: ${remedy}`, { cause })),
      );
      child.once('close', (status, signal) => resolve(status ?? signal ?? 'no status'));
    });
    const answer = lastLine(output);
    if (typeof answer === 'object' && answer !== null && 'missing' in answer)
      throw new Error(`'${python}' has no module ${answer.missing}: ${remedy}`);
    if (code !== 0 || answer === undefined)
      throw new Error(
        `'${python}' ended with ${code}: ${said.trim().split('\n').slice(-3).join(' ') || 'without a word'}`,
      );
    return answer;
  } finally {
    process.removeListener('exit', stop);
    child.kill();
  }
}

function lastLine(output: string): unknown {
  try {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '');
  } catch {
    return undefined;
  }
}
