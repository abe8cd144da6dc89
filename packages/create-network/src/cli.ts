#!/usr/bin/env node
import { runCommandLine } from './command-line.js';

try {
  process.exitCode = await runCommandLine(process.argv.slice(2), process);
} catch (error) {
  // A folder that may not be written, for example.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
