/** What makes a run the run it is: resumed with anything of it changed, it would give other weights. */
import {
  boolean,
  either,
  integer,
  listOf,
  number,
  type OptionRules,
  optional,
  record,
  shown,
  string,
} from '@cnnzoo/checks';
import packageFile from '../../package.json' with { type: 'json' };
import type { Batch, Loader } from '../loop/batch.js';
import type { EarlyStopping } from '../loop/early-stopping.js';
import type { GradientClipping } from '../loop/gradient-clipping.js';
import type { EpochRecord } from '../loop/history.js';
import { mapOf } from '../map-of.js';
import type { StatefulOptimizer } from '../optimizers/optimizer.js';
import type { Schedule } from '../schedules/schedule.js';
import { sha256 } from './checksums.js';

/** What of a run is compared when it is resumed. Numbers of options that are off are left out. */
export interface RunIdentity {
  /** Of this package. */
  readonly version: string;
  readonly learningRate: number;
  /** The optimizer's other settings. */
  readonly optimizer: Readonly<Record<string, number | boolean | string>>;
  /** Steps, and the schedule's factors at them. */
  readonly schedule: readonly (readonly number[])[];
  readonly loss: string;
  readonly auxiliaryWeight: number;
  /** Where there is one: steps, and its factors at them. */
  readonly auxiliarySchedule?: readonly (readonly number[])[];
  readonly clipping: Readonly<Record<string, number>>;
  readonly accumulate: number;
  /** Where it is on: the graph of a step rounds otherwise then. */
  readonly recompute?: boolean;
  /** Where there are several: batch norm sees parts of a batch. */
  readonly replicas?: number;
  readonly averageDecay?: number;
  readonly earlyStopping?: Readonly<Record<string, number | string>>;
  /** The loader's, where it says one. */
  readonly seed?: number;
  /** Images in the first batch. */
  readonly batchSize: number;
  /** A hash of the first batch: other images, another order, other transforms. Missing where the run began in another program. */
  readonly data?: string;
}

/** A part of a run that `allow` may name. */
export type RunDifference = keyof RunIdentity;

const setting = either(number(), string());

const rules: OptionRules<RunIdentity> = {
  version: string(),
  learningRate: number(0),
  optimizer: mapOf(either(number(), boolean, string())),
  schedule: listOf(listOf(number())),
  loss: string(),
  auxiliaryWeight: number(0),
  auxiliarySchedule: optional(listOf(listOf(number()))),
  clipping: mapOf(number()),
  accumulate: integer(1),
  recompute: optional(boolean),
  replicas: optional(integer(2)),
  averageDecay: optional(number()),
  earlyStopping: optional(mapOf(setting)),
  seed: optional(number()),
  batchSize: integer(1),
  data: optional(string()),
};

export const runIdentity = record<RunIdentity>(rules);
export const runDifferences = Object.keys(rules) as RunDifference[];

/** What is known of a run before its first batch. */
export type RunSettings = Omit<RunIdentity, 'batchSize' | 'data'>;

/** Options of `train`, with their defaults. */
interface RunDescription {
  readonly loader: Loader;
  readonly epochs: number;
  readonly optimizer: StatefulOptimizer;
  readonly schedule: Schedule;
  readonly auxiliaryWeight: number;
  readonly auxiliarySchedule: Schedule | null;
  readonly clipping: GradientClipping;
  readonly accumulate: number;
  readonly recompute: boolean;
  readonly replicas: number;
  readonly averageDecay: number | null;
  readonly earlyStopping: EarlyStopping | null;
}

/** Of `train`'s options. @param loss see `lossIdentity` */
export function runSettings(options: RunDescription, loss: string): RunSettings {
  const { learningRate, ...settings } = options.optimizer.getConfig() as Record<string, number | boolean | string>;
  const { seed } = options.loader;
  const { clipping, earlyStopping, averageDecay, auxiliarySchedule } = options;
  const samples = (schedule: Schedule) =>
    sampled(schedule, options.epochs, Math.ceil(options.loader.batchesPerEpoch / options.accumulate));
  return {
    version: packageFile.version,
    learningRate: Number(learningRate),
    optimizer: settings,
    schedule: samples(options.schedule),
    loss,
    auxiliaryWeight: options.auxiliaryWeight,
    ...(auxiliarySchedule === null ? {} : { auxiliarySchedule: samples(auxiliarySchedule) }),
    clipping: { ...clipping },
    accumulate: options.accumulate,
    ...(options.recompute ? { recompute: true } : {}),
    ...(options.replicas > 1 ? { replicas: options.replicas } : {}),
    ...(averageDecay === null ? {} : { averageDecay }),
    ...(earlyStopping === null ? {} : { earlyStopping: { ...earlyStopping } }),
    ...(seed === undefined ? {} : { seed }),
  };
}

/** A loss of the user's own is known by its text: what it refers to is not seen. */
export function lossIdentity(loss: ((...args: never) => unknown) | undefined, labelSmoothing: number): string {
  return loss === undefined
    ? `cross-entropy, label smoothing ${labelSmoothing}`
    : `own, ${sha256(loss.toString()).slice(0, 16)}`;
}

/** What is known of a run by its first batch. */
export async function dataIdentity({ images, labels }: Batch): Promise<Pick<RunIdentity, 'batchSize' | 'data'>> {
  const shapes = JSON.stringify([images.shape, labels.dtype, labels.shape]);
  const bytes = [await images.data(), await labels.data()].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  return { batchSize: images.shape[0], data: sha256(shapes, ...bytes) };
}

/** The schedule's factors at the steps 0, 1, 2, 5, 10, 20, 50 and so on, of a run that gets no better from its first epoch on. */
function sampled(schedule: Schedule, totalEpochs: number, stepsPerEpoch: number): number[][] {
  const totalSteps = totalEpochs * stepsPerEpoch;
  const steps = [0];
  for (let power = 1; power < totalSteps; power *= 10)
    steps.push(...[power, 2 * power, 5 * power].filter((step) => step < totalSteps));
  try {
    return steps.map((step) => {
      const epoch = Math.floor(step / stepsPerEpoch);
      const history = Array.from({ length: Math.min(epoch, 200) }, (_, i) => flatEpoch(i, stepsPerEpoch));
      const factor = schedule({ step, epoch, history, totalSteps, totalEpochs });
      return [step, factor];
    });
  } catch {
    // A schedule of the user's own may want more of the history than there is here: it is then not compared.
    return [];
  }
}

function flatEpoch(epoch: number, stepsPerEpoch: number): EpochRecord {
  const score = { loss: 1, accuracy: 0.5, metrics: {} };
  return { ...score, epoch, step: (epoch + 1) * stepsPerEpoch, learningRate: 0, validation: score, seconds: 0 };
}

/** One difference, and how it is said. */
interface FoundDifference {
  readonly name: RunDifference;
  readonly text: string;
}

/** What of a run is another than it was. */
function compareRuns(was: RunIdentity, is: RunIdentity): FoundDifference[] {
  const found = runDifferences.flatMap((name) => {
    const text = difference(name, was[name], is[name]);
    return text === null ? [] : [{ name, text }];
  });
  // Another seed or batch size gives other batches in any case.
  const other = found.some(({ name }) => name === 'seed' || name === 'batchSize');
  return found.filter(({ name }) => name !== 'data' || !(other || was.data === undefined));
}

function difference(name: RunDifference, was: unknown, is: unknown): string | null {
  if (JSON.stringify(was) === JSON.stringify(is)) return null;
  if (name === 'data') return 'data: the first batch has other images or labels';
  if (name === 'loss' && String(was).startsWith('own') && String(is).startsWith('own'))
    return 'loss is another function';
  if (Array.isArray(was) && Array.isArray(is)) return scheduleDifference(name, was as number[][], is as number[][]);
  if (typeof was === 'object' && typeof is === 'object') {
    const [before, now] = [was, is] as Record<string, unknown>[];
    const key = Object.keys({ ...before, ...now }).find((each) => before?.[each] !== now?.[each]);
    if (key === undefined) return null;
    return `${name}.${key} is ${shown(now?.[key])}, was ${shown(before?.[key])}`;
  }
  return `${name} is ${shown(is)}, was ${shown(was)}`;
}

/** Of the steps that both runs have: more epochs alone are no other schedule. */
function scheduleDifference(
  name: RunDifference,
  was: readonly (readonly number[])[],
  is: readonly (readonly number[])[],
): string | null {
  for (const [step, before] of was) {
    const [, now] = is.find(([each]) => each === step) ?? [];
    if (now !== undefined && now !== before) return `${name} gives ${now} at step ${step}, gave ${before}`;
  }
  return null;
}

/**
 * Refuses a run that is another one, except for what may differ.
 * @returns the differences that are allowed, as sentences
 * @throws RangeError with all differences, and how to allow them
 */
export function refuseOtherRun(
  folder: string,
  was: RunIdentity,
  is: RunIdentity,
  allowed: readonly RunDifference[],
): string[] {
  const found = compareRuns(was, is);
  const refused = found.filter(({ name }) => !allowed.includes(name));
  if (refused.length > 0) {
    const names = [...new Set(refused.map(({ name }) => `'${name}'`))].join(', ');
    throw new RangeError(
      `${folder} is of another run: ${refused.map(({ text }) => text).join('; ')}. Give what it was trained with, or allow: [${names}]`,
    );
  }
  return found.map(({ text }) => text);
}
