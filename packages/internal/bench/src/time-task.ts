import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contenders.js';
import { type EngineProcess, startEngine } from './engine-process.js';
import type { Inspection } from './protocol.js';
import { median } from './statistics.js';
import type { Task } from './tasks.js';

/** What a contender did with a task. */
export interface Timing {
  readonly contender: Contender;
  readonly version: string;
  readonly parameters: number;
  /** Milliseconds of the first two steps: what an engine prepares, it prepares in these. */
  readonly firstStep: number;
  readonly secondStep: number;
  /** Milliseconds of the counted steps, by round. */
  readonly rounds: readonly (readonly number[])[];
  /** Milliseconds of processor time of the counted steps. */
  readonly processorTimes: readonly number[];
  /** Losses or first logits of the first four steps. */
  readonly results: readonly number[];
  readonly inspection: Inspection;
}

export interface FailedContender {
  readonly contender: Contender;
  readonly error: string;
}

/** Milliseconds of counted steps in a turn. */
const turnTime = 2000;
/** A step of this many milliseconds is slow: three are enough, and none is done without being counted. */
const slowStep = 5000;
/** Milliseconds for the threads of the contender before to go to sleep. */
const pause = 50;

/**
 * Times a task on all contenders, interleaved, so that whatever else the machine does hits all of them alike. Each has its own process
 * for this task, so that its peak memory is the task's.
 * @param seconds of counted steps per contender; a slow one gets at least three steps
 */
export async function timeTask(
  task: Task,
  contenders: readonly Contender[],
  seconds: number,
  onProgress: (text: string) => void,
): Promise<(Timing | FailedContender)[]> {
  const failed: FailedContender[] = [];
  const running: Turns[] = [];
  const attempt = async (contender: Contender, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      failed.push({ contender, error: error instanceof Error ? error.message : String(error) });
      return false;
    }
  };

  for (const contender of contenders) {
    onProgress(`${task.id}: first steps of ${contender.engine}`);
    await attempt(contender, async () => {
      running.push(await firstSteps(task, contender));
    });
  }
  for (let round = 0; running.some((turns) => !isDone(turns, seconds)); round++) {
    onProgress(`${task.id}: round ${round + 1}`);
    // Each round begins with another contender, and every other round goes backwards: nobody always follows the same one.
    const order = running.map((_, i) => running[(i + round) % running.length]).filter((turns) => turns !== undefined);
    if (round % 2 === 1) order.reverse();
    for (const turns of order) {
      // Nobody else stops before all are done, so that all have seen the same weather.
      if (turns.slow && isDone(turns, seconds)) continue;
      await sleep(pause);
      const done = await attempt(turns.contender, async () => {
        const { times, processorTimes } = await turns.engine.run(turns.warmUp + turns.steps);
        turns.times.push(times.slice(turns.warmUp));
        turns.processorTimes.push(...processorTimes.slice(turns.warmUp));
      });
      if (done) continue;
      running.splice(running.indexOf(turns), 1);
      await turns.engine.stop();
    }
  }
  const timings: Timing[] = [];
  for (const turns of running) {
    await attempt(turns.contender, async () => {
      const inspection = await turns.engine.inspect();
      await turns.engine.stop();
      timings.push({ ...turns.start, rounds: turns.times, processorTimes: turns.processorTimes, inspection });
    });
  }
  return [...timings, ...failed];
}

interface Turns {
  readonly contender: Contender;
  readonly engine: EngineProcess;
  readonly start: Omit<Timing, 'rounds' | 'processorTimes' | 'inspection'>;
  /** Uncounted steps at the begin of a turn: the contender before has taken the caches. */
  readonly warmUp: number;
  readonly steps: number;
  readonly slow: boolean;
  readonly times: number[][];
  readonly processorTimes: number[];
}

/** At least three rounds, and of a contender that is not slow this many seconds. */
function isDone({ slow, times }: Turns, seconds: number): boolean {
  const counted = times.flat().reduce((sum, time) => sum + time, 0);
  return times.length >= 3 && (slow || counted >= seconds * 1000);
}

async function firstSteps(task: Task, contender: Contender): Promise<Turns> {
  const engine = await startEngine(contender.start);
  try {
    const { parameters } = await engine.prepare(task.work);
    const first = await engine.run(1);
    const second = await engine.run(1);
    const more = await engine.run(2);
    const stepTime = median(more.times);
    const slow = stepTime > slowStep;
    const steps = Math.max(1, Math.min(100, Math.round(turnTime / stepTime)));
    return {
      contender,
      engine,
      start: {
        contender,
        version: engine.introduction.version,
        parameters,
        firstStep: first.times[0] ?? Number.NaN,
        secondStep: second.times[0] ?? Number.NaN,
        results: [first, second, more].flatMap(({ results }) => results),
      },
      warmUp: slow ? 0 : 1,
      steps,
      slow,
      times: [],
      processorTimes: [],
    };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}
