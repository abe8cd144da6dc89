/** Asks on a terminal for what the words of a call leave out. */
import { basename, resolve } from 'node:path';
import { isCancel, select, text } from '@clack/prompts';
import { type CreateNetworkOptions, rules } from './create-network.js';
import { packageNameRule } from './names.js';
import { licenses } from './package-files.js';

/** What a terminal is to it. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** What the words of a call, or the answers, may say so far. */
export type Given = Partial<CreateNetworkOptions>;

/** The error of an answer, where it is wrong: the same as of the option. */
const validatedBy =
  ({ fault }: { fault: (name: string, value: unknown) => Error | null }, name: string) =>
  (answer: string | undefined) =>
    fault(name, answer ?? '')?.message;

/** Reader pressed Ctrl-C or Escape. */
class Cancelled extends Error {}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Cancelled();
  return answer as Exclude<T, symbol>;
}

/** @returns what is given and what was answered; null where the reader has had enough */
export async function ask(given: Given, { stdin, stdout }: Streams): Promise<Given | null> {
  const common = { input: stdin, output: stdout };
  const line = async (
    message: string,
    validate: (answer: string | undefined) => string | undefined,
    initialValue = '',
  ) => answered(await text({ message, validate, initialValue, ...common }));
  try {
    const folder = given.folder ?? (await line('Folder', validatedBy(rules.folder, 'the folder')));
    const ownName = basename(resolve(folder));
    const packageName =
      given.packageName ??
      (await line(
        'Name on npm',
        validatedBy(packageNameRule, 'the name'),
        packageNameRule.fault('', ownName) === null ? ownName : '',
      ));
    const author = given.author ?? (await line('Author', validatedBy(rules.author, 'the author')));
    const license =
      given.license ??
      answered(
        await select({ message: 'License', options: licenses.map((value) => ({ value, label: value })), ...common }),
      );
    const isRepository = validatedBy(rules.repository, 'the repository');
    const repository =
      given.repository ??
      (await line('Repository on GitHub, OWNER/NAME (empty: none yet)', (answer) =>
        (answer ?? '') === '' ? undefined : isRepository(answer),
      ));
    return { folder, packageName, license, author, ...((repository ?? '') === '' ? {} : { repository }) };
  } catch (error) {
    if (error instanceof Cancelled) return null;
    throw error;
  }
}
