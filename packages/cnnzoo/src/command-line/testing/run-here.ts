/** The command line in this process: what a call says, without the second that a process takes to start. */
import { runCommandLine } from '../command-line.js';
import type { Outcome } from './run-process.js';

/** @param env variables that are set while the command runs */
export async function runHere(
  words: readonly string[],
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  const before = new Map(Object.keys(env).map((name) => [name, process.env[name]]));
  Object.assign(process.env, env);
  const text = { stdout: '', stderr: '' };
  const to = (name: 'stdout' | 'stderr') => ({
    write: (part: string) => {
      text[name] += part;
    },
  });
  try {
    const code = await runCommandLine(words, { stdout: to('stdout'), stderr: to('stderr') });
    return { code, ...text };
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}
