/**
 * Wrong calls of every public function, drawn from the types in the reports, so that a new export is among them by itself. Each is refused
 * before work by an error that names what is wrong, never by the engine's own "Cannot read properties of undefined"; nothing hangs and no
 * tensor stays behind. CNNZOO_WRONG_CALLS is how many calls are drawn.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { LayersModel, model, SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PublicFunction, readDeclarations } from './declarations.js';
import { rightValue } from './right-arguments.js';
import { makeStandIns } from './stand-ins.js';
import { withOneWrong } from './wrong-arguments.js';

/** What V8 says of a value that nobody has looked at, and tfjs of one that it was not made for. */
const raw =
  /Cannot (read|set|destructure|convert|use|access|mix|perform)|is not (a function|iterable|a constructor|defined|extensible|an object)|undefined \(|null \(|Invalid (array|typed array|string) length|Maximum call stack|object is not|Reduce of empty|called on|Invalid time value|circular structure|passed to '|Tensor must have a shape|Unknown (initializer|dtype|layer)/;

/** Functions whose right calls take seconds, change the process or ask the machine: only what no function takes is given to them. */
const costly = /^(doctor|useBackend|registerOnnxBackend|createModel|fromPretrained|loadPretrained|freeze)$/;

/** Blocks make one layer after the other: those before the one that does not fit have their weights by then. */
const isOfLaterLayer = ({ specifier }: PublicFunction, message: string) =>
  specifier === '@cnnzoo/blocks' && message.startsWith('layer ');

const only = process.env['CNNZOO_WRONG_CALLS_OF'];
const { functions, declarations } = await readDeclarations();
/** What nobody calls, and why. */
const notCalled: Readonly<Record<string, string>> = {
  TrainingError: 'train throws it, and nobody else makes one',
  DataError: 'data sets and loaders throw it, and nobody else makes one',
};
const called = functions.filter(
  ({ specifier, name }) =>
    notCalled[name] === undefined && (only === undefined || only === name || specifier.endsWith(`/${only}`)),
);

/** Draws values for the parameters of a function, and makes one thing of them wrong. */
function wrongArguments(
  { name, parameters, result }: PublicFunction,
  standIns: ReturnType<typeof makeStandIns>['standIns'],
) {
  // A network has millions of weights, which a right call would draw.
  const certainly = costly.test(name) || /^(LayersModel|tf\.LayersModel)$/.test(result?.getText() ?? '');
  return fc
    .tuple(
      ...parameters.map(({ type, questionToken }) => {
        const value = rightValue(type, declarations, standIns);
        return questionToken === undefined || certainly ? value : fc.option(value, { nil: undefined, freq: 4 });
      }),
    )
    .chain((right) => withOneWrong(right, certainly));
}

let kernels = 0;
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-wrong-calls-'));
const before = process.cwd();
beforeAll(async () => {
  process.chdir(folder);
  process.env['CNNZOO_OFFLINE'] = '1';
  await tf.setBackend('cpu');
  const engine = tf.engine() as unknown as { runKernelFunc: (...given: unknown[]) => unknown };
  const run = engine.runKernelFunc.bind(engine);
  engine.runKernelFunc = (...given) => {
    kernels++;
    return run(...given);
  };
  // What a call warns of is no matter here.
  console.warn = () => {};
}, 300_000);
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

/** What a call gives in the end; of what gives one thing after the other, the first. */
async function resultOf(made: unknown): Promise<unknown> {
  const result = await made;
  const stream = result as Partial<AsyncGenerator> | null | undefined;
  if (typeof stream?.next !== 'function' || typeof stream.return !== 'function') return result;
  const { value } = await stream.next();
  await stream.return(undefined);
  return value;
}

/** Gives back what a call that is right after all has made. */
async function disposeOf(result: unknown): Promise<void> {
  const made = result as Partial<{ dispose: () => unknown; built: boolean }> | null | undefined;
  if (result instanceof SymbolicTensor) {
    const whole = model({ inputs: rootsOf(result), outputs: result });
    whole.dispose();
  } else if (typeof made?.dispose === 'function') {
    // A layer without weights cannot be disposed of.
    if (made.built !== false) await made.dispose();
  } else if (Array.isArray(result)) for (const each of result) await disposeOf(each);
  else if (made != null && Object.getPrototypeOf(made) === Object.prototype) await disposeOf(Object.values(made));
}

/** The inputs that a symbolic tensor comes from. */
function rootsOf(tensor: SymbolicTensor): SymbolicTensor[] {
  return tensor.inputs.length === 0 ? [tensor] : [...new Set(tensor.inputs.flatMap(rootsOf))];
}

/** What is wrong with the way in which a call ended, or null. */
async function faultOf(target: PublicFunction, given: readonly unknown[]): Promise<string | null> {
  const { isClass, call } = target;
  const tensors = tf.memory().numTensors;
  const kernelsBefore = kernels;
  const nextTensor = tf.tidy(() => tf.scalar(0).id);
  let error: unknown = null;
  let result: unknown;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('it hangs')), 20_000);
    });
    result = await Promise.race([resultOf(isClass ? Reflect.construct(call, given) : call(...given)), late]);
  } catch (thrown) {
    error = thrown;
  } finally {
    clearTimeout(timer);
  }
  const work = kernels - kernelsBefore;
  if (error !== null && !(error instanceof Error)) return `throws ${String(error)}`;
  if (error instanceof Error && error.message !== 'of the user') {
    const { message } = error;
    if (raw.test(message)) return `raw: ${message}`;
    if (message === 'it hangs') return message;
    if (message.length > 2000) return `a message of ${message.length} characters`;
    if (work > 0 && !isOfLaterLayer(target, message)) return `late: after ${work} kernels, ${message}`;
  }
  // What a call gives back of its arguments is not its own.
  if (!given.includes(result) && !(result instanceof tf.Tensor && result.id < nextTensor)) await disposeOf(result);
  const left = tf.memory().numTensors - tensors;
  if (left !== 0) return `${left} tensors stay behind, ${error instanceof Error ? error.message : 'without an error'}`;
  return null;
}

const asked = process.env['CNNZOO_WRONG_CALLS'];
const runs = Number(asked ?? 1200);
/** The same calls each time in npm test, others with each command; a seed after a slash repeats those. */
const first =
  asked === undefined ? 1 : Number(process.env['CNNZOO_WRONG_CALLS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test(`${runs} wrong calls of ${called.length} functions, seed ${first}`, { timeout: 14_400_000 }, async () => {
  expect(called.length).toBeGreaterThan(only === undefined ? 230 : 0);
  /** One of each kind. */
  const found = new Map<string, string>();
  for (let run = 0; run < runs; run++) {
    const target = called[run % called.length];
    if (target === undefined) break;
    const { standIns, release } = makeStandIns();
    const [given = []] = fc.sample(wrongArguments(target, standIns), { numRuns: 1, seed: first + run });
    const fault = await faultOf(target, given);
    release();
    if (fault === null) continue;
    const kind = `${target.name} ${fault.replace(/[\d'].*/, '')}`;
    if (!found.has(kind)) found.set(kind, `${target.name}(${given.map(shownShort).join(', ')}): ${fault}`);
  }
  expect([...found.values()].sort().join('\n')).toBe('');
});

test('an unknown option of every function that has options is refused by name', { timeout: 600_000 }, async () => {
  const accepted: string[] = [];
  let [tried, refused] = [0, 0];
  for (const target of called) {
    const last = target.parameters.findLast(({ type }) => isOptions(type));
    const place = last === undefined ? -1 : target.parameters.indexOf(last);
    if (last === undefined) continue;
    tried++;
    const { standIns, release } = makeStandIns();
    const [right = []] = fc.sample(
      fc.tuple(...target.parameters.map(({ type }) => rightValue(type, declarations, standIns))),
      { numRuns: 1, seed: 1 },
    );
    const given = right.map((value, i) => (i === place ? { ...(value as object), nosuchoption: 1 } : value));
    const result = await Promise.resolve()
      .then(() =>
        resultOf(
          target.isClass
            ? Reflect.construct(target.call, given.slice(0, place + 1))
            : target.call(...given.slice(0, place + 1)),
        ),
      )
      .then(
        async (made) => {
          await disposeOf(made);
          return 'accepted';
        },
        (error: Error) => error.message,
      );
    release();
    if (result.includes('nosuchoption')) refused++;
    // Another argument may be refused before it.
    if (result === 'accepted') accepted.push(target.name);
  }
  expect(accepted).toEqual([]);
  if (only === undefined) expect(refused).toBeGreaterThan(0.8 * Math.max(100, tried));
});

/** An options object by its type's name, or written out. */
function isOptions(type: ts.TypeNode | undefined): boolean {
  return (
    type !== undefined &&
    (ts.isTypeLiteralNode(type) || /^\w*(Options|Named|Seeded)(<.*>)?( &.*)?$/s.test(type.getText()))
  );
}

function shownShort(value: unknown): string {
  if (value instanceof LayersModel) return 'model';
  if (value instanceof tf.Tensor) return `tensor [${value.shape.join(', ')}]`;
  try {
    return typeof value === 'object'
      ? JSON.stringify(value, (_, inner: unknown) =>
          typeof inner === 'function' || typeof inner === 'symbol' || typeof inner === 'bigint' || Number.isNaN(inner)
            ? String(inner)
            : inner === undefined
              ? 'undefined'
              : inner,
        ).slice(0, 300)
      : String(value);
  } catch {
    return typeof value;
  }
}
