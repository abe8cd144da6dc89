import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromServer, ServerSetup, ToServer } from './messages.js';

export interface RunningServer {
  readonly address: URL;
  /** @returns what it answers */
  tell(message: ToServer): Promise<FromServer>;
  /** @returns the exit code, after a drain */
  close(): Promise<number | null>;
}

export const startServer = (setup: ServerSetup) => start('./server-process.ts', JSON.stringify(setup));

/** @param size bytes of its answers */
export const startConstantServer = (size: number) => start('./constant-server.ts', String(size));

async function start(program: string, setup: string): Promise<RunningServer> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = fork(file, [setup], { execArgv: ['--import', 'tsx'] });
  const answer = async () => {
    const settled = new AbortController();
    const { signal } = settled;
    try {
      const [message] = (await Promise.race([
        once(child, 'message', { signal }),
        once(child, 'exit', { signal }).then(([code]) => {
          throw new Error(`the server has ended with ${code}`);
        }),
      ])) as [FromServer];
      return message;
    } finally {
      // The other one waits no longer.
      settled.abort();
    }
  };
  const started = await answer();
  if (!('address' in started)) throw new Error('the server has not said where it is');
  return {
    address: new URL(started.address),
    async tell(message) {
      child.send(message);
      return answer();
    },
    async close() {
      const ended = once(child, 'exit');
      child.send('close' satisfies ToServer);
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}
