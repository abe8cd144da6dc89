/**
 * Wrong calls of every public function, and of the functions and methods that they give, drawn from the types in the reports, so that a new
 * export is among them by itself. Each is refused before work by an error that names what is wrong, never by the engine's own "Cannot read
 * properties of undefined"; nothing hangs and no tensor stays behind. CNNZOO_WRONG_CALLS is how many calls are drawn.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { LayersModel } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countKernels, disposeOf, faultOf, resultOf } from './call-wrongly.js';
import { readDeclarations } from './declarations.js';
import { madeByHand } from './made-by-hand.js';
import { makeReceivers } from './receivers.js';
import { rightArguments } from './right-arguments.js';
import { makeStandIns } from './stand-ins.js';
import { allTargets, type Target } from './targets.js';
import { startWatchdog } from './watchdog.js';
import { withOneWrong } from './wrong-arguments.js';

/** Functions whose right calls take seconds, change the process or ask the machine: only what no function takes is given to them. */
const costly = /^(doctor|useBackend|registerOnnxBackend|createModel|fromPretrained|loadPretrained|freeze)$/;

/** Blocks make one layer after the other: those before the one that does not fit have their weights by then. */
const isOfLaterLayer = ({ specifier }: Target, message: string) =>
  specifier === '@cnnzoo/blocks' && message.startsWith('layer ');

/** What a user's function gives is known when it has been called. */
const isOfUsersFunction = (message: string) => /^(loss must depend|what (loss|metric) )/.test(message);

const only = process.env['CNNZOO_WRONG_CALLS_OF'];
const { functions, declarations } = await readDeclarations();
/** What nobody calls, and why. */
const notCalled: Readonly<Record<string, string>> = {
  TrainingError: 'train throws it, and nobody else makes one',
  DataError: 'data sets and loaders throw it, and nobody else makes one',
};
const called = allTargets(
  functions.filter(({ name }) => notCalled[name] === undefined),
  declarations,
  madeByHand,
).filter(({ specifier, name }) => only === undefined || only === name || specifier.endsWith(`/${only}`));

const plain = makeStandIns();
const ofImages = makeStandIns(true);
const receivers = makeReceivers(declarations);
const takesImages = ({ madeBy }: Target) => madeBy !== null && 'takesImages' in madeBy;
const standInsFor = (target: Target) => (takesImages(target) ? ofImages : plain).standIns;

async function release(): Promise<void> {
  await receivers.release();
  plain.release();
  ofImages.release();
}

/** Draws right arguments of a function, and makes one thing of them wrong. Made once, because it takes longer than a call. */
const wrongArguments = new Map(
  called.map((target) => {
    // A network has millions of weights, which a right call would draw.
    const certainly =
      costly.test(target.name) || /^(LayersModel|tf\.LayersModel)$/.test(target.result?.getText() ?? '');
    const right = rightArguments(target.parameters, declarations, standInsFor(target), !certainly);
    return [target, right.chain((given) => withOneWrong(given, certainly))];
  }),
);

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-wrong-calls-'));
const before = process.cwd();
beforeAll(async () => {
  process.chdir(folder);
  process.env['CNNZOO_OFFLINE'] = '1';
  await tf.setBackend('cpu');
  countKernels();
  // What a call warns of is no matter here.
  console.warn = () => {};
}, 300_000);
afterAll(async () => {
  await receivers.close();
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

const asked = process.env['CNNZOO_WRONG_CALLS'];
const runs = Number(asked ?? 1200);
/** The same calls each time in npm test, others with each command; a seed repeats those. */
const first =
  asked === undefined ? 1 : Number(process.env['CNNZOO_WRONG_CALLS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test(`${runs} wrong calls of ${called.length} functions and methods, seed ${first}`, {
  timeout: 14_400_000,
}, async () => {
  expect(called.length).toBeGreaterThan(only === undefined ? 350 : 0);
  const watch = startWatchdog();
  /** One of each kind. */
  const found = new Map<string, string>();
  for (let run = 0; run < runs; run++) {
    const target = called[run % called.length];
    const draw = target && wrongArguments.get(target);
    if (target === undefined || draw === undefined) break;
    const seed = first + run;
    const [given = []] = fc.sample(draw, { numRuns: 1, seed });
    await receivers.prepare(target);
    watch(`${target.name}(${given.map(shownShort).join(', ')}) [${seed}]`);
    const fault = await faultOf({
      make: async () => target.of(await receivers.of(target)),
      given,
      mayBeLate: (message) => isOfLaterLayer(target, message) || isOfUsersFunction(message),
      release: receivers.release,
    });
    watch(null);
    await release();
    if (fault === null) continue;
    const kind = `${target.name} ${fault.replace(/[\d'].*/, '')}`;
    if (!found.has(kind)) found.set(kind, `${target.name}(${given.map(shownShort).join(', ')}): ${fault} [${seed}]`);
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
    const [right = []] = fc.sample(rightArguments(target.parameters, declarations, standInsFor(target), false), {
      numRuns: 1,
      seed: 1,
    });
    const given = right.map((value, i) => (i === place ? { ...(value as object), nosuchoption: 1 } : value));
    await receivers.prepare(target);
    const call = target.of(await receivers.of(target));
    const result = await Promise.resolve()
      .then(() => resultOf(call(...given.slice(0, place + 1))))
      .then(
        async (made) => {
          await disposeOf(made);
          return 'accepted';
        },
        (error: Error) => error.message,
      );
    await release();
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
          inner instanceof Uint8Array || inner instanceof Float32Array
            ? `${inner.length} values`
            : typeof inner === 'function' ||
                typeof inner === 'symbol' ||
                typeof inner === 'bigint' ||
                Number.isNaN(inner)
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
