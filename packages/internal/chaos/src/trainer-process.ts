import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inTime } from './expect.js';
import type { TrainerMessage } from './trainer.js';

export interface Trainer {
  readonly process: ChildProcess;
  /** The next message of one of these types; all messages are also in `messages`. */
  next(...types: TrainerMessage['type'][]): Promise<TrainerMessage>;
  readonly messages: readonly TrainerMessage[];
  train(folder: string, epochs: number): void;
  end(signal: NodeJS.Signals): Promise<void>;
}

let program: Promise<string> | undefined;

/** Bundled once, so that hundreds of processes start without a compiler. */
async function bundled(): Promise<string> {
  const folder = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, 'trainer.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./trainer.ts', import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
  return outfile;
}

export async function startTrainer(): Promise<Trainer> {
  program ??= bundled();
  const child = fork(await program, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const messages: TrainerMessage[] = [];
  const waiting: { types: readonly string[]; resolve: (message: TrainerMessage) => void }[] = [];
  child.on('message', (message: TrainerMessage) => {
    messages.push(message);
    for (const each of waiting.filter(({ types }) => types.includes(message.type))) {
      waiting.splice(waiting.indexOf(each), 1);
      each.resolve(message);
    }
  });
  const trainer: Trainer = {
    process: child,
    messages,
    next: (...types) => new Promise((resolve) => waiting.push({ types, resolve })),
    train: (folder, epochs) => child.send({ folder, epochs }),
    async end(signal) {
      const ended = once(child, 'exit');
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
  await inTime('the start of a trainer', trainer.next('ready'), 120_000);
  return trainer;
}
