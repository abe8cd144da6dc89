import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Failure, Inspection, Introduction, Prepared, Ran, Work } from './protocol.js';

export interface ProcessStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** An engine in a process of its own, which does nothing but what it is asked for. */
export interface EngineProcess {
  readonly introduction: Introduction;
  prepare(work: Work): Promise<Prepared>;
  run(steps: number): Promise<Ran>;
  inspect(): Promise<Inspection>;
  stop(): Promise<void>;
}

/**
 * Starts an engine's process and waits until it has introduced itself.
 * @throws Error with the end of what the process printed, where it cannot start
 */
export async function startEngine({ command, args, environment }: ProcessStart): Promise<EngineProcess> {
  const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-2000);
  });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(errorLine(printed) || `exit ${code ?? signal}`));
  });
  // Writing to a process that has died is told by its end.
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function reply<T>(): Promise<T> {
    const { value, done } = await lines.next();
    if (done) throw new Error(await ended);
    const message = JSON.parse(value) as T | Failure;
    if (typeof message === 'object' && message !== null && 'error' in message) throw new Error(message.error);
    return message as T;
  }
  function ask<T>(request: object): Promise<T> {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return reply<T>();
  }

  return {
    introduction: await reply<Introduction>(),
    prepare: (work) => ask({ command: 'prepare', work }),
    run: (steps) => ask({ command: 'run', steps }),
    inspect: () => ask({ command: 'inspect' }),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** The line of an error in what a process printed before it ended, or its last line. */
function errorLine(printed: string): string {
  const lines = printed.trim().split('\n');
  return lines.findLast((line) => /^\w*(Error|Exception)\b/.test(line)) ?? lines.at(-1) ?? '';
}
