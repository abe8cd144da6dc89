import { expect, test } from 'vitest';
import type { TrainEvent } from '../loop/events.js';
import { progressBar } from './progress-bar.js';

function screen(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { isTTY, columns, write: (text: string) => written.push(text), text: () => written.join('') };
}

const step = (index: number, epoch: number): TrainEvent => ({
  type: 'step',
  step: epoch * 4 + index,
  epoch,
  batch: index,
  count: 32,
  loss: 1 / index,
  accuracy: 0.5,
  metrics: {},
  epochLoss: 1 / index,
  epochAccuracy: 0.5,
  learningRate: 0.1,
  gradientNorm: 1,
  milliseconds: 100,
});
const epoch = (index: number): TrainEvent => ({
  type: 'epoch',
  epoch: index,
  step: 4 * index + 4,
  learningRate: 0.1,
  seconds: 75,
  loss: 0.25,
  accuracy: 0.9,
  metrics: {},
  validation: { loss: 0.5, accuracy: 0.875, metrics: {} },
});
const start: TrainEvent = { type: 'start', epochs: 2, batchesPerEpoch: 4, epoch: 0, batch: 0 };
const line = 'epoch 1/2  loss 0.250  accuracy 90.0 %  validation loss 0.500  accuracy 87.5 %  1:15\n';

test('off a terminal, a line for each epoch and no escape', () => {
  const stream = screen(false);
  const onEvent = progressBar({ stream });
  for (const event of [start, step(1, 0), step(2, 0), epoch(0)]) onEvent(event);
  onEvent({ type: 'interrupted', reason: 'SIGINT', step: 4 });
  expect(stream.text()).toBe(`${line}interrupted by SIGINT after step 4\n`);
});

test.each([80, 0])('in a terminal of %i columns, one line that is drawn again', (columns) => {
  const stream = screen(true, columns);
  const onEvent = progressBar({ stream });
  onEvent(start);
  onEvent(step(2, 0));
  const [, bar = '', texts = ''] = /^(\r━+·+)(.*)$/s.exec(stream.text()) ?? [];
  expect(texts).toBe('  25 %  epoch 1/2  loss 0.500  accuracy 50.0 %  320 images/s  0:00 left\x1b[K');
  expect(bar.length + texts.length).toBeLessThanOrEqual(80 + '\x1b[K'.length);
  onEvent(epoch(0));
  expect(stream.text().endsWith(`\r${line.trim()}\x1b[K\n`)).toBe(true);
});

test('images that are evaluated', () => {
  const stream = screen(false);
  const onEvent = progressBar({ stream });
  for (const done of [10, 20, 30]) onEvent({ type: 'progress', done, total: 30, top1: 0.5 });
  expect(stream.text()).toBe('30 images  top-1 50.0 %  0:00\n');
});

test('a wrong option is refused', () => {
  expect(() => progressBar({ stram: process.stderr } as never)).toThrow(/stram/);
});
