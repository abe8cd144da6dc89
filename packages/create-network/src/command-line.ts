/** `npm create @cnnzoo/network`: the words of the call, questions for what they leave out, and the package. */
import { basename, relative, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { type CreateNetworkOptions, createNetwork, rules } from './create-network.js';
import { packageNameRule } from './names.js';
import { licenses } from './package-files.js';
import type { Given, Streams } from './questions.js';
import { ownVersion } from './template.js';

type Key = keyof CreateNetworkOptions;

const wrongCall = 2;
/** Of a process that Ctrl-C ended, as shells have it: 128 and the number of the signal. */
const interrupted = 130;

/** How a user writes each option. */
const written: Readonly<Record<Key, string>> = {
  folder: 'FOLDER',
  packageName: '--package-name',
  license: '--license',
  author: '--author',
  repository: '--repository',
};

const required = ['folder', 'license', 'author'] as const;

/** @returns the exit code */
export async function runCommandLine(words: readonly string[], streams: Streams): Promise<number> {
  const { stdin, stdout, stderr } = streams;
  const refuse = (message: string): number => {
    stderr.write(`${message}\n`);
    return wrongCall;
  };
  const read = readWords(words, streams);
  if (typeof read === 'number') return read;
  for (const key of Object.keys(written) as Key[]) {
    const fault = read[key] === undefined ? null : rules[key].fault(written[key], read[key]);
    if (fault) return refuse(fault.message);
  }
  const missing = required.filter((key) => read[key] === undefined);
  const asks = missing.length > 0 && stdin.isTTY && stdout.isTTY;
  if (missing.length > 0 && !asks)
    return refuse(`missing: ${missing.map((key) => `${written[key]} (${rules[key].expected})`).join(', ')}`);
  if (!asks && read.packageName === undefined) {
    const nameless = `the name of ${written.folder}, unless ${written.packageName} is given,`;
    const fault = packageNameRule.fault(nameless, basename(resolve(read.folder ?? '')));
    if (fault) return refuse(fault.message);
  }
  const answered = asks ? await (await import('./questions.js')).ask(read, streams) : read;
  if (answered === null) return interrupted;
  const { functionName, folder, files } = createNetwork(answered as CreateNetworkOptions);
  const shown = relative(process.cwd(), folder);
  const enter = shown === '' ? '' : `  cd ${/\s/.test(shown) ? JSON.stringify(shown) : shown}\n`;
  stdout.write(
    `${functionName}: ${files.length} files in ${folder}\n\n${enter}  npm install\n  npm test\n\nREADME.md says how the package is published.\n`,
  );
  return 0;
}

/** What the words say; the exit code where they ask for the help or the version, or are wrong. */
function readWords(words: readonly string[], { stdout, stderr }: Streams): Given | number {
  const program = new Command('npm create @cnnzoo/network')
    .usage('FOLDER -- --license LICENSE --author NAME [options]')
    .description(
      'Makes the npm package of a convolutional network of your own. On a terminal it asks for what is left out.',
    )
    .argument('[folder]', 'a folder that is not there yet, or is empty')
    .option('--package-name <name>', "as npm is to call it, such as @ada/tinynet (default: the folder's name)")
    .option('--license <license>', licenses.join(', '))
    .option('--author <name>', 'who holds the copyright')
    .option('--repository <owner/name>', 'on GitHub; publishing with provenance needs it')
    .version(ownVersion(), '-V, --version', 'the version')
    .helpOption('-h, --help', 'this help')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : wrongCall;
  }
  const [folder] = program.args;
  return { ...(folder === undefined ? {} : { folder }), ...program.opts<Given>() };
}
