/** The command line `cnnzoo`. */
import { parseArgs } from 'node:util';
import { nearestNames, shown } from '@cnnzoo/checks';
import { formatSummary, summarize } from '@cnnzoo/shape';
import type { RecipeName } from '@cnnzoo/train';
import { createModel, listModels } from '../networks/create-model.js';
import { type FromPretrainedOptions, fromPretrained } from '../networks/from-pretrained.js';
import type { Family, ModelId } from '../networks/models.js';

/** Where text goes: results, and what went wrong. */
export interface Output {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

const usage = `Usage: cnnzoo COMMAND [OPTIONS]

  cnnzoo list [--family FAMILY]     names of the networks
  cnnzoo summary NETWORK            layers, parameters, multiply-accumulates and memory of a network
      --input HEIGHTxWIDTHxCHANNELS   e.g. 224x224x3; default: the network's own
      --classes NUMBER                default: the network's own
      --style STYLE                   torchsummary (default), keras, markdown or json
  cnnzoo recipe [NAME]              how a paper trained its network; without a name, the recipes' names
  cnnzoo export NETWORK FILE        writes a network as an ONNX file
      --weights WEIGHTS               a published set (DEFAULT, IMAGENET1K_V2, …), a path or an address
      --input HEIGHTxWIDTHxCHANNELS, --classes NUMBER
      --batch NUMBER                  default: dynamic, any number in each run
      --layout NHWC|NCHW              default: NHWC
      --opset NUMBER                  17 (default) to 22
      --preprocessing                 takes uint8 pixels and normalizes them itself
      --external-data                 weights in a file of their own
  cnnzoo doctor                     this machine, its engines, how fast they are, and what to do about problems
      --json                          as JSON
      --no-measure                    without measurements of speed`;

const commands: Readonly<Record<string, (args: string[]) => Promise<string>>> = {
  list,
  summary,
  recipe,
  export: exportNetwork,
  doctor,
};

/**
 * Runs a command.
 * @param args as the shell has them, without node and the program
 * @param output where its text goes
 * @returns the exit code: 0, 1 where the command failed, 2 where it was called wrongly
 */
export async function runCommand(args: readonly string[], { print, complain }: Output): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h') {
    print(usage);
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const [nearest] = nearestNames(name, Object.keys(commands));
    const remedy = nearest === undefined ? '' : `, did you mean ${nearest}?`;
    complain(`cnnzoo: there is no command ${shown(name)}${remedy}\n\n${usage}`);
    return 2;
  }
  try {
    print(await command(rest));
    return 0;
  } catch (error) {
    complain(`cnnzoo ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof TypeError || error instanceof RangeError ? 2 : 1;
  }
}

async function list(args: string[]): Promise<string> {
  const { values } = parseArgs({ args, options: { family: { type: 'string' } } });
  return listModels(values.family === undefined ? {} : { family: values.family as Family }).join('\n');
}

async function summary(args: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      input: { type: 'string' },
      classes: { type: 'string' },
      style: { type: 'string', default: 'torchsummary' },
    },
  });
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0)
    throw new TypeError(`summary takes one network, got ${positionals.length}; cnnzoo list has their names`);
  // A network's weights are tensors, and those need a backend; nothing is computed.
  await import('@tensorflow/tfjs-backend-cpu');
  const model = createModel(id as ModelId, {
    initialWeights: 'zeros',
    ...(values.input === undefined ? {} : { inputShape: inputShape(values.input) }),
    ...(values.classes === undefined ? {} : { numClasses: Number(values.classes) }),
  });
  try {
    return formatSummary(summarize(model), { style: values.style as 'torchsummary' });
  } finally {
    model.dispose();
  }
}

async function recipe(args: string[]): Promise<string> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [name, ...more] = positionals;
  if (more.length > 0) throw new TypeError(`recipe takes one name, got ${positionals.length}`);
  const { formatRecipe, recipes } = await import('@cnnzoo/train');
  return name === undefined ? Object.keys(recipes).join('\n') : formatRecipe(name as RecipeName).trimEnd();
}

async function doctor(args: string[]): Promise<string> {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'boolean', default: false }, 'no-measure': { type: 'boolean', default: false } },
  });
  const { doctor: examine, formatDoctorReport } = await import('@cnnzoo/backend-node');
  const report = await examine({ measure: !values['no-measure'] });
  return values.json ? JSON.stringify(report, null, 2) : formatDoctorReport(report);
}

async function exportNetwork(args: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      weights: { type: 'string' },
      input: { type: 'string' },
      classes: { type: 'string' },
      batch: { type: 'string', default: 'dynamic' },
      layout: { type: 'string', default: 'NHWC' },
      opset: { type: 'string', default: '17' },
      preprocessing: { type: 'boolean', default: false },
      'external-data': { type: 'boolean' },
    },
  });
  const [id, file, ...more] = positionals;
  if (id === undefined || file === undefined || more.length > 0)
    throw new TypeError(`export takes a network and a file, got ${positionals.length}; cnnzoo list has their names`);
  const { writeOnnx } = await import('@cnnzoo/backend-onnx');
  const options = {
    ...(values.input === undefined ? {} : { inputShape: inputShape(values.input) }),
    ...(values.classes === undefined ? {} : { numClasses: Number(values.classes) }),
  };
  const { weights } = values;
  const model =
    weights === undefined
      ? createModel(id as ModelId, options)
      : await fromPretrained(id as ModelId, { ...options, weights } as FromPretrainedOptions<ModelId>);
  try {
    const files = await writeOnnx(model, file, {
      batchSize: values.batch === 'dynamic' ? 'dynamic' : Number(values.batch),
      layout: values.layout as 'NHWC',
      opset: Number(values.opset),
      preprocessing: values.preprocessing,
      ...(values['external-data'] === undefined ? {} : { externalData: values['external-data'] }),
    });
    return `${files.join('\n')}${weights === undefined ? '\nwithout --weights: the weights are random' : ''}`;
  } finally {
    model.dispose();
  }
}

function inputShape(text: string): [number, number, number] {
  const [height, width, channels] =
    text
      .match(/^(\d+)x(\d+)x(\d+)$/)
      ?.slice(1)
      .map(Number) ?? [];
  if (height === undefined || width === undefined || channels === undefined)
    throw new RangeError(`--input is '${text}', expected height x width x channels, e.g. 224x224x3`);
  return [height, width, channels];
}
