/** A training run in a file of YAML or JSON: the options of `cnnzoo train` by their names in camel case. */
import { readFile } from 'node:fs/promises';
import { nearestNames, shown } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';
import type { Options, ValueSchema } from './command.js';

/**
 * Reads a run's options.
 * @throws TypeError or RangeError naming the file and what is wrong in it
 */
export async function readRunFile(file: string, options: Options): Promise<Record<string, unknown>> {
  const [text, { parse }] = await Promise.all([readFile(file, 'utf8'), import('yaml')]);
  let content: unknown;
  try {
    // JSON is YAML, too.
    content = parse(text);
  } catch (cause) {
    throw new TypeError(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (!isRecord(content)) throw new TypeError(`${file}: expected names and values, such as network: resnet18`);
  const { $schema: _, ...given } = content;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, optionValue(file, name, value, options)]),
  );
}

function optionValue(file: string, name: string, value: unknown, options: Options): unknown {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const names = Object.keys(options);
    const [nearest] = nearestNames(name, names);
    throw new TypeError(
      `${file}: there is no ${shown(name)}${nearest === undefined ? `: expected ${names.join(', ')}` : `, did you mean ${nearest}?`}`,
    );
  }
  const kinds: Readonly<Record<ValueSchema['type'], string>> = {
    string: 'string',
    boolean: 'boolean',
    integer: 'number',
    number: 'number',
  };
  const { type } = option.schema;
  if (typeof value !== kinds[type])
    throw new TypeError(`${file}: ${name} must be of type ${type}, got ${shown(value)}`);
  if (type === 'boolean') return value === true ? true : undefined;
  return option.parse(String(value), `${file}: ${name}`);
}

/** The JSON schema of a run file, by which editors complete and check it. */
export function runSchema(options: Options): object {
  const properties = Object.entries(options).map(([name, { description, schema }]) => [
    name,
    { description, ...schema },
  ]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A run of cnnzoo train',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(properties) },
    required: ['data'],
    additionalProperties: false,
  };
}
