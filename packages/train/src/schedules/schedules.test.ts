import { expect, test } from 'vitest';
import reference from '../fixtures/schedules.json' with { type: 'json' };
import type { EpochRecord } from '../loop/history.js';
import { cosineDecay } from './cosine-decay.js';
import { exponentialDecay } from './exponential-decay.js';
import { oneCycle } from './one-cycle.js';
import { polynomialDecay } from './polynomial-decay.js';
import { reduceOnPlateau } from './reduce-on-plateau.js';
import type { Schedule, SchedulePosition } from './schedule.js';
import { multiStepDecay, stepDecay } from './step-decay.js';
import { warmUp } from './warm-up.js';

const record = (loss: number, epoch: number): EpochRecord => ({
  epoch,
  step: epoch + 1,
  loss,
  accuracy: 1 - loss / 10,
  metrics: {},
  learningRate: 1,
  seconds: 1,
});

/** The position after `step` steps of a run of 20 epochs of one step each. */
const position = (step: number): SchedulePosition => ({
  step,
  epoch: step,
  totalSteps: 20,
  totalEpochs: 20,
  history: reference.losses.slice(0, step).map(record),
});

// biome-ignore lint/suspicious/noExplicitAny: the options come from a file; each case's fit its schedule.
const make: Record<string, (options: any) => Schedule> = {
  stepDecay,
  multiStepDecay,
  exponentialDecay,
  cosineDecay,
  polynomialDecay,
  oneCycle,
  reduceOnPlateau,
  'warmUp+stepDecay': (options) => warmUp(options, stepDecay({ every: 3, factor: 0.5 })),
  'warmUp+cosineDecay': (options) => warmUp(options, cosineDecay()),
  'warmUp+multiStepDecay': (options) => warmUp(options, multiStepDecay({ milestones: [3, 9] })),
};

test.each(reference.cases)('equals PyTorch over 20 steps: $name $options', ({ name, options, factors }) => {
  const schedule = make[name]?.(options);
  if (schedule === undefined) throw new Error(`no schedule ${name}`);
  for (const [step, factor] of factors.entries()) expect(schedule(position(step))).toBeCloseTo(factor, 6);
});

test('an epoch has many steps: in epochs it changes after whole ones, in steps with each', () => {
  const at = (step: number): SchedulePosition => ({
    step,
    epoch: Math.floor(step / 100),
    totalSteps: 400,
    totalEpochs: 4,
    history: [],
  });
  expect(stepDecay({ every: 2, factor: 0.94 })(at(199))).toBe(1);
  expect(stepDecay({ every: 2, factor: 0.94 })(at(200))).toBe(0.94);
  expect(stepDecay({ every: 150, factor: 0.5, unit: 'step' })(at(150))).toBe(0.5);
  expect(cosineDecay()(at(200))).toBeCloseTo(0.5, 12);
  expect(cosineDecay({ unit: 'epoch' })(at(299))).toBeCloseTo(0.5, 12);
  expect(warmUp({ duration: 1 }, () => 1)(at(50))).toBe(0.5);
  expect(warmUp({ duration: 50, unit: 'step' }, () => 1)(at(25))).toBe(0.5);
});

test('a position that is none is refused by name', () => {
  const at = { step: 1, epoch: 0, totalSteps: 20, totalEpochs: 2, history: [] };
  expect(() => cosineDecay()(7 as never)).toThrow('position must be an object');
  expect(() => oneCycle()({ ...at, step: Number.NaN })).toThrow('position.step must be a finite number');
  expect(() => reduceOnPlateau()({ ...at, history: [null as never] })).toThrow('history[0] must be the record');
});

test('a rise of one step, and a delay as long as the run', () => {
  const factors = (schedule: Schedule) =>
    [0, 1, 2, 3, 4].map((step) => schedule({ step, epoch: step, totalSteps: 5, totalEpochs: 5, history: [] }));
  expect(factors(oneCycle({ rise: 0.2 }))[0]).toBe(1);
  for (const duration of [5, 6])
    expect(factors(warmUp({ duration, delay: true }, cosineDecay()))).toEqual([0, 1, 2, 3, 4].map((t) => t / duration));
});

test('a plateau is that of validation where there is one', () => {
  const history = [3, 2, 1].map((loss, epoch) => ({
    ...record(loss, epoch),
    validation: { loss: 1, accuracy: 0.5, metrics: {} },
  }));
  const at = { step: 3, epoch: 3, totalSteps: 20, totalEpochs: 20, history };
  expect(reduceOnPlateau({ patience: 1 })(at)).toBe(0.1);
  expect(reduceOnPlateau({ patience: 1, metric: 'accuracy' })(at)).toBe(0.1);
  expect(reduceOnPlateau({ patience: 2 })(at)).toBe(1);
});

test.each<[string, () => Schedule]>([
  ['every must be a finite number above 0, got 0', () => stepDecay({ every: 0 })],
  ['factor must be a finite number from 0 to 1, got 2', () => stepDecay({ every: 1, factor: 2 })],
  ['milestones must be in ascending order, got 3, 2', () => multiStepDecay({ milestones: [3, 2] })],
  ['end must be a finite number from 0 to 1, got -1', () => cosineDecay({ end: -1 })],
  ['power must be a finite number above 0, got NaN', () => polynomialDecay({ power: Number.NaN })],
  ['rise must be a number above 0 and below 1, got 1', () => oneCycle({ rise: 1 })],
  ['duration must be a finite number above 0, got 0', () => warmUp({ duration: 0 }, () => 1)],
  ['patience must be an integer of at least 0, got 1.5', () => reduceOnPlateau({ patience: 1.5 })],
])('says: %s', (message, run) => {
  expect(run).toThrow(message);
});
