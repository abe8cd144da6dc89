import { check, checkFewOptions, integer, type OptionRules, oneOf, optional, record, rule } from '@cnnzoo/checks';
import { runsInNode } from '@cnnzoo/files';
import { type TrainEvent, trainEvent } from '../loop/events.js';
import { anyNumber, type EpochRecord } from '../loop/history.js';

/** Where a progress bar is drawn: a stream of Node, such as `process.stderr`. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  /** Width of the terminal, in characters. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** The options of `progressBar`. */
export interface ProgressBarOptions {
  /** Default `process.stderr`, so that what a program prints can be piped; in a page the console. */
  readonly stream?: ProgressStream;
}

/** Images that have been dealt with, as `evaluate` of @cnnzoo/evaluate tells. */
export interface ProgressEvent {
  readonly type: 'progress';
  readonly done: number;
  readonly total: number;
  /** The share that was right so far. */
  readonly top1?: number;
}

const rules: OptionRules<ProgressBarOptions> = {
  stream: optional(
    rule<ProgressStream>(
      'a stream with write(text)',
      (value) => typeof value === 'object' && value !== null && 'write' in value && typeof value.write === 'function',
    ),
  ),
};

const progressEvent = record<ProgressEvent>({
  type: oneOf(['progress']),
  done: integer(0),
  total: integer(0),
  top1: optional(anyNumber),
});

/** Milliseconds between two drawings. */
const drawEvery = 100;
/** Characters that a bar has at most. */
const barWidth = 20;
/** Weight of the newest step in the mean time of one: about the last fifty count. */
const newest = 0.04;

/**
 * Shows how far a run is. In a terminal it keeps one line with the loss, the accuracy, images per second and the time left, and leaves a line for each
 * epoch; elsewhere it prints a plain line for each epoch.
 * @returns a function for `onEvent` of `train`, and of `evaluate` in @cnnzoo/evaluate
 * @example
 * import { progressBar, sgd, train } from '@cnnzoo/train';
 *
 * const { interrupted } = await train(model, loader, { epochs: 3, optimizer: sgd({ learningRate: 0.05 }), onEvent: progressBar() });
 * if (interrupted !== null) console.log(`ended early by ${interrupted}`);
 */
export function progressBar(options: ProgressBarOptions = {}): (event: TrainEvent | ProgressEvent) => void {
  const { stream = ownStream() } = checkFewOptions<ProgressBarOptions>('progressBar', options, rules);
  const terminal = stream.isTTY === true && !(runsInNode() && process.env['TERM'] === 'dumb');
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = false;
  let run = { epochs: 1, batchesPerEpoch: 1 };
  /** Milliseconds of a batch, and of an image. */
  let pace: { readonly batch: number; readonly image: number } | undefined;
  /** Batches of the run that are done. */
  let passed: number | undefined;
  let evaluated: { readonly done: number; readonly at: number } | undefined;

  const draw = (share: number, texts: readonly string[], always: boolean) => {
    if (!terminal || (!always && performance.now() - drawnAt < drawEvery)) return;
    drawnAt = performance.now();
    drawn = true;
    const text = texts.join('  ');
    // A line that is longer than the terminal would leave a part of itself behind. One that has not said its size has 0 columns.
    const width = (stream.columns || 80) - 1;
    stream.write(`\r${`${bar(share, width - text.length - 8)}${text}`.slice(0, width)}\x1b[K`);
  };
  const print = (text: string) => {
    stream.write(drawn ? `\r${text}\x1b[K\n` : `${text}\n`);
    drawn = false;
  };

  return (event) => {
    if ((event as Partial<ProgressEvent> | null | undefined)?.type === 'progress') check('event', event, progressEvent);
    else check('event', event, trainEvent);
    switch (event.type) {
      case 'start':
        run = event;
        passed = event.epoch * event.batchesPerEpoch + event.batch;
        for (const change of event.changes ?? []) print(`resumed with another ${change}`);
        break;
      case 'step': {
        const batches = event.epoch * run.batchesPerEpoch + event.batch;
        const made = Math.max(1, batches - (passed ?? batches - 1));
        passed = batches;
        pace = {
          batch: mean(pace?.batch, event.milliseconds / made),
          image: mean(pace?.image, event.milliseconds / Math.max(1, event.count)),
        };
        const all = run.epochs * run.batchesPerEpoch;
        draw(
          batches / all,
          [
            `epoch ${event.epoch + 1}/${run.epochs}`,
            `loss ${figure(event.epochLoss)}`,
            `accuracy ${percent(event.epochAccuracy)}`,
            `${figure(1000 / pace.image)} images/s`,
            `${duration((all - batches) * pace.batch)} left`,
          ],
          false,
        );
        break;
      }
      case 'epoch':
        print(epochLine(event, run.epochs));
        break;
      case 'interrupted':
        print(`interrupted by ${event.reason} after step ${event.step}`);
        break;
      case 'progress': {
        const { done, total, top1 } = event;
        const now = performance.now();
        if (evaluated === undefined || evaluated.done > done) evaluated = { done: 0, at: now };
        const milliseconds = (now - evaluated.at) / Math.max(1, done);
        const right = top1 === undefined ? [] : [`top-1 ${percent(top1)}`];
        draw(
          done / total,
          [`${done}/${total} images`, ...right, `${duration((total - done) * milliseconds)} left`],
          done === total,
        );
        evaluated = { ...evaluated, done };
        if (done === total) {
          print([`${total} images`, ...right, duration(now - evaluated.at)].join('  '));
          evaluated = undefined;
        }
        break;
      }
      default:
    }
  };
}

function ownStream(): ProgressStream {
  return runsInNode() ? process.stderr : { write: (text) => console.log(text.trimEnd()) };
}

function epochLine({ epoch, loss, accuracy, validation, seconds }: EpochRecord, epochs: number): string {
  const tested =
    validation === undefined
      ? []
      : [`validation loss ${figure(validation.loss)}`, `accuracy ${percent(validation.accuracy)}`];
  return [
    `epoch ${epoch + 1}/${epochs}`,
    `loss ${figure(loss)}`,
    `accuracy ${percent(accuracy)}`,
    ...tested,
    duration(1000 * seconds),
  ].join('  ');
}

function mean(before: number | undefined, value: number): number {
  return before === undefined ? value : before + newest * (value - before);
}

/** As wide as there is room for, with the share in percent. */
function bar(share: number, room: number): string {
  const width = Math.max(0, Math.min(barWidth, room));
  const full = Math.round(width * Math.min(1, Math.max(0, share)));
  return `${'━'.repeat(full)}${'·'.repeat(width - full)} ${String(Math.floor(100 * share)).padStart(3)} %  `;
}

/** Three digits that count. */
const figure = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** 0:07, 12:40 or 3:05:00. */
function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
