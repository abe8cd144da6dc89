#!/usr/bin/env node
import { runCommandLine } from './command-line/command-line.js';
import { interruptedCode } from './command-line/exit-codes.js';

// A reader that has had enough, such as `head`, is no failure.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
// Training listens itself: it ends after its step and saves.
process.on('SIGINT', () => {
  if (process.listenerCount('SIGINT') === 1) process.exit(interruptedCode);
});

process.exitCode = await runCommandLine(process.argv.slice(2), process);
