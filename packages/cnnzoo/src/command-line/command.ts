/** What a command is: what it takes, what the help says of it, and what it does. */
import { nearestNames, type Shard, shown } from '@cnnzoo/checks';
import type { Output } from './output.js';

/** A word on the command line without a name, such as the network in `cnnzoo info resnet50`. */
export interface Argument<T> {
  readonly description: string;
  readonly form: 'required' | 'optional' | 'several';
  /** What a shell completes. Other words are allowed: a network is a name or a folder. */
  readonly suggestions?: readonly string[];
  /** Never there: the type of the value. */
  readonly value?: T;
}

/** A named value, such as `--input 32x32x1`. Its name is that of the property that holds it, in kebab case. */
export interface Option<T> {
  readonly description: string;
  /** What stands for the value in the help; null for a flag without one. */
  readonly placeholder: string | null;
  /** What a value may be, where it is one of a few. */
  readonly choices?: readonly string[];
  /** What it is in a file of options, as a JSON schema has it. */
  readonly schema: ValueSchema;
  /** @throws TypeError or RangeError naming the option */
  readonly parse: (text: string, name: string) => T;
}

export type ValueSchema =
  | { readonly type: 'string'; readonly enum?: readonly string[] }
  | { readonly type: 'boolean' }
  | { readonly type: 'integer' | 'number'; readonly minimum: number; readonly maximum?: number };

export type Arguments = Readonly<Record<string, Argument<unknown>>>;
export type Options = Readonly<Record<string, Option<unknown>>>;

type ArgumentValues<A extends Arguments> = {
  readonly [K in keyof A]: A[K] extends Argument<infer T> ? T : never;
};
type OptionValues<O extends Options> = {
  readonly [K in keyof O]?: O[K] extends Option<infer T> ? T : never;
};

/** One call of a command. */
export interface Call<A extends Arguments = Arguments, O extends Options = Options> {
  readonly args: ArgumentValues<A>;
  readonly options: OptionValues<O>;
  readonly output: Output;
}

/** What a command gives back: the same for people and for programs. */
export interface Result {
  readonly text: string;
  /** What `--json` prints. */
  readonly data: unknown;
  /** Default 0. */
  readonly exitCode?: number;
}

/** A command, or a group of them. */
export interface Command {
  readonly name: string;
  /** One line of the list of commands. */
  readonly summary: string;
  /** More than that, in the command's own help. */
  readonly details?: string;
  readonly examples?: readonly string[];
  readonly args: Arguments;
  readonly options: Options;
  readonly commands?: readonly Command[];
  /** Left out by a group. */
  run?(call: Call): Promise<Result>;
}

/** A command whose `run` knows the types of its arguments and options. */
export function command<A extends Arguments, O extends Options>(
  description: Omit<Command, 'args' | 'options' | 'run' | 'commands'> & {
    readonly args: A;
    readonly options: O;
    run(call: Call<A, O>): Promise<Result>;
  },
): Command {
  return description as unknown as Command;
}

export function required(description: string, suggestions?: readonly string[]): Argument<string> {
  return { description, form: 'required', ...(suggestions && { suggestions }) };
}

export function optional(description: string, suggestions?: readonly string[]): Argument<string | undefined> {
  return { description, form: 'optional', ...(suggestions && { suggestions }) };
}

export function several(description: string, suggestions?: readonly string[]): Argument<readonly string[]> {
  return { description, form: 'several', ...(suggestions && { suggestions }) };
}

export function flag(description: string): Option<true> {
  return { description, placeholder: null, schema: { type: 'boolean' }, parse: () => true };
}

export function text(placeholder: string, description: string): Option<string> {
  return { description, placeholder, schema: { type: 'string' }, parse: (given) => given };
}

/** Choices that an error of one line names. */
const mostChoices = 15;

export function choice<const T extends string>(
  placeholder: string,
  description: string,
  choices: readonly T[],
): Option<T> {
  const parse = (given: string, name: string) => {
    const found = choices.find((each) => each === given);
    if (found !== undefined) return found;
    if (choices.length <= mostChoices)
      throw new RangeError(`${name} must be one of ${choices.join(', ')}, got ${shown(given)}`);
    const [nearest] = nearestNames(given, choices);
    throw new RangeError(
      `${name} must be one of the ${choices.length} that --help lists, got ${shown(given)}${nearest === undefined ? '' : `, did you mean ${shown(nearest)}?`}`,
    );
  };
  return { description, placeholder, choices, schema: { type: 'string', enum: choices }, parse };
}

export function numeric(
  placeholder: string,
  description: string,
  { least = 0, most = Infinity, whole = true } = {},
): Option<number> {
  const parse = (given: string, name: string) => {
    const value = Number(given);
    if (given.trim() === '' || !(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      const kind = whole ? 'a whole number' : 'a number';
      const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
      throw new RangeError(`${name} must be ${kind} ${range}, got ${shown(given)}`);
    }
    return value;
  };
  const schema = {
    type: whole ? 'integer' : 'number',
    minimum: least,
    ...(most !== Infinity && { maximum: most }),
  } as const;
  return { description, placeholder, schema, parse };
}

/** Which shard, as 3/8, or 'auto' for the one that the scheduler says. */
export function shardOption(description: string): Option<Shard | 'auto'> {
  const parse = (given: string, name: string): Shard | 'auto' => {
    if (given === 'auto') return given;
    const [index = 0, count = 0] = /^(\d{1,9})\/(\d{1,9})$/.exec(given)?.slice(1).map(Number) ?? [];
    if (index >= count)
      throw new RangeError(
        `${name} must be auto or i/n, counted from 0, such as 0/8 for the first of eight and 7/8 for the last, got ${shown(given)}`,
      );
    return [index, count];
  };
  return { description, placeholder: 'i/n', schema: { type: 'string' }, parse };
}

/** Height, width and channels, as 224x224x3. */
export function imageShape(description: string): Option<[number, number, number]> {
  const parse = (given: string, name: string): [number, number, number] => {
    const sizes = /^(\d+)[x×](\d+)[x×](\d+)$/.exec(given)?.slice(1).map(Number) ?? [];
    const [height = 0, width = 0, channels = 0] = sizes;
    if (height * width * channels === 0)
      throw new RangeError(`${name} must be height x width x channels, such as 224x224x3, got ${shown(given)}`);
    return [height, width, channels];
  };
  return { description, placeholder: 'HxWxC', schema: { type: 'string' }, parse };
}
