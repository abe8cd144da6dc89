/** The commands as commander knows them: it reads the words, and writes the help. */
import { nearestNames } from '@cnnzoo/checks';
import { Argument, Command as CommanderCommand, CommanderError, Option } from 'commander';
import packageFile from '../../package.json' with { type: 'json' };
import type { Argument as ArgumentDescription, Command, Option as OptionDescription, Result } from './command.js';
import { kebabCase, optionName } from './completion.js';
import { outputTo, type Streams } from './output.js';

/** How commander ends a call that is no fault: it has printed the help or the version. */
const printed = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

/** A call that has ended without a command having run, with its exit code. */
export class Ended extends Error {
  constructor(readonly exitCode: number) {
    super(`ended with ${exitCode}`);
  }
}

/** A call that no command takes. Its message is one line. */
export class WrongCall extends Error {}

/** What runs once the words are read, and where its result goes. */
type Finish = (result: Result, json: boolean) => void;

/**
 * The program with all its commands.
 * @param finish called with what a command gave back
 */
export function programOf(commands: readonly Command[], streams: Streams, finish: Finish): CommanderCommand {
  const program = new CommanderCommand('cnnzoo')
    .description('The classic convolutional networks: train, test, convert and look into them.')
    .version(packageFile.version, '-V, --version', 'the version')
    .addHelpText(
      'after',
      '\ncnnzoo COMMAND --help says more of each. With --json, each line of output is one JSON value.',
    )
    .configureHelp({ helpWidth: helpWidth(streams), sortOptions: false })
    .helpCommand('help [command]', 'the help of a command');
  configure(program, streams);
  for (const each of commands) program.addCommand(commanderCommand(each, streams, finish));
  return program;
}

/** Reads the words and runs the command that they name. @throws Ended, WrongCall, and what the command throws */
export async function runProgram(program: CommanderCommand, words: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (printed.has(error.code)) throw new Ended(error.exitCode === 0 ? 0 : 2);
    throw new WrongCall(sentence(error, program, words));
  }
}

function configure(target: CommanderCommand, { stdout, stderr }: Streams): void {
  target
    .helpOption('-h, --help', 'this help')
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      // The caller says what was wrong, in one line.
      outputError: () => {},
      getOutHasColors: () => stdout.hasColors?.() === true,
      getErrHasColors: () => stderr.hasColors?.() === true,
    });
}

function commanderCommand(description: Command, streams: Streams, finish: Finish): CommanderCommand {
  const { name, summary, details, examples = [], commands = [] } = description;
  const target = new CommanderCommand(name).summary(summary).description(details ?? summary);
  target.configureHelp({ helpWidth: helpWidth(streams) });
  configure(target, streams);
  for (const [key, argument] of Object.entries(description.args)) target.addArgument(commanderArgument(key, argument));
  const options = Object.entries(description.options).map(([key, each]) => ({
    key,
    option: commanderOption(key, each),
  }));
  for (const { option } of options) target.addOption(option);
  if (examples.length > 0)
    target.addHelpText('after', `\nExamples:\n${examples.map((each) => `  ${each}`).join('\n')}`);
  for (const each of commands) target.addCommand(commanderCommand(each, streams, finish));
  if (commands.length > 0) target.helpCommand('help [command]', 'the help of a command');
  const { run } = description;
  if (run === undefined) return target;
  target.option('--json', 'JSON, a value a line');
  return target.action(async () => {
    const given = target.opts<Record<string, unknown>>();
    const json = given['json'] === true;
    // commander keeps `--no-measure` as measure: false.
    const value = (option: Option) => {
      const kept = given[option.attributeName()];
      return option.negate ? (kept === false ? true : undefined) : kept;
    };
    const values = Object.fromEntries(options.map(({ key, option }) => [key, value(option)]));
    const keys = Object.keys(description.args);
    const args = Object.fromEntries(keys.map((key, i) => [key, target.processedArgs[i] as unknown]));
    finish(await run({ args, options: values, output: outputTo(streams, json) }), json);
  });
}

function helpWidth({ stdout }: Streams): number {
  return Math.min(stdout.columns || 100, 100);
}

function commanderArgument(key: string, { description, form }: ArgumentDescription<unknown>): Argument {
  const name = kebabCase(key);
  const written = { required: `<${name}>`, optional: `[${name}]`, several: `<${name}...>` }[form];
  const argument = new Argument(written, description);
  return argument;
}

function commanderOption(
  key: string,
  { description, placeholder, choices, parse }: OptionDescription<unknown>,
): Option {
  const name = optionName(key);
  const option = new Option(placeholder === null ? name : `${name} <${placeholder}>`, description);
  if (placeholder !== null) option.argParser((given: string) => parse(given, name));
  if (choices !== undefined) option.argChoices = [...choices];
  return option;
}

/** commander's error as one line, with the name that was meant where one is near, and where the help is. */
function sentence(error: CommanderError, program: CommanderCommand, words: readonly string[]): string {
  const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  const target = commandOf(program, words);
  const wrong = /'([^']*)'/.exec(message)?.[1] ?? '';
  const names =
    error.code === 'commander.unknownCommand'
      ? target.commands.map((each) => each.name())
      : error.code === 'commander.unknownOption'
        ? target.options.flatMap(({ long }) => long ?? [])
        : [];
  const [nearest] = nearestNames(wrong, names);
  const path = target === program ? 'cnnzoo' : `cnnzoo ${pathOf(target)}`;
  const remedy = nearest === undefined ? `see ${path} --help` : `did you mean ${nearest}?`;
  return `${path}: ${message}${nearest === undefined ? '; ' : ', '}${remedy}`;
}

/** The innermost command that the words name. */
function commandOf(program: CommanderCommand, words: readonly string[]): CommanderCommand {
  let target = program;
  for (const word of words) {
    const next = target.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    target = next;
  }
  return target;
}

function pathOf(target: CommanderCommand): string {
  const { parent } = target;
  return parent?.parent ? `${pathOf(parent)} ${target.name()}` : target.name();
}
