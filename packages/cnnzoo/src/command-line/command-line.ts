/** The command line `cnnzoo`: one call, from its words to its exit code. */
import { Ended, programOf, runProgram, WrongCall } from './commander.js';
import { commands } from './commands.js';
import { completeWord, completionsOf } from './completion.js';
import type { Streams } from './output.js';

/**
 * Runs a command.
 * @param words as the shell has them, without node and the program
 * @param streams where its text goes
 * @returns the exit code: 0, 1 where the command failed, 2 where it was called wrongly, 130 where it was interrupted
 */
export async function runCommandLine(words: readonly string[], streams: Streams): Promise<number> {
  let code = 0;
  const program = programOf(commands, streams, ({ text, data, exitCode = 0 }, json) => {
    const printed = json ? JSON.stringify(data) : text;
    // A command that has printed all as it went has nothing left.
    if (printed !== undefined && printed !== '') streams.stdout.write(`${printed}\n`);
    code = exitCode;
  });
  try {
    if (words.length === 0) {
      streams.stderr.write(program.helpInformation());
      return 2;
    }
    if (words[0] === completeWord) {
      const found = completionsOf(commands, words.slice(words[1] === '--' ? 2 : 1));
      streams.stdout.write(found.map(({ word, description }) => `${word}\t${description}\n`).join(''));
      return 0;
    }
    await runProgram(program, words);
    return code;
  } catch (error) {
    if (error instanceof Ended) return error.exitCode;
    if (error instanceof WrongCall) {
      streams.stderr.write(`${error.message}\n`);
      return 2;
    }
    const name = program.commands.some((each) => each.name() === words[0]) ? ` ${words[0]}` : '';
    streams.stderr.write(`cnnzoo${name}: ${oneLine(error)}\n`);
    return error instanceof TypeError || error instanceof RangeError ? 2 : 1;
  }
}

function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s*\n\s*/g, ' ').trim() || 'failed without a word';
}
