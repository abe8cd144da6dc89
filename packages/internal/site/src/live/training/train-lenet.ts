/** Training in the page: LeNet-5 on 2,000 digits, with curves that grow step by step. */
import { percent } from '../bars.js';
import { element, slider } from '../elements.js';
import { curveChart, type Point } from './curve-chart.js';
import type { TrainingRun } from './training-run.js';

/** Steps of which the training curve shows the mean, and steps between two tests. */
const [smoothed, testEvery] = [10, 25];
const rates = [0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1] as const;
const batchSizes = [8, 16, 32, 64, 128] as const;

export function mount(place: HTMLElement, left: AbortSignal): void {
  const chosen = { rate: 0.05, batchSize: 32 };
  const said = element('p', { id: 'training', role: 'status' });
  const problem = element('p', { class: 'error', role: 'alert' });
  const loss = curveChart('loss', 2.4, (value) => value.toFixed(1));
  const accuracy = curveChart('accuracy', 1, (value) => `${Math.round(100 * value)} %`);
  const start = element('button', { type: 'button', id: 'start' }, 'Start');
  const reset = element('button', { type: 'button', id: 'reset' }, 'Reset');
  let run: TrainingRun | null = null;
  let training = false;
  let seed = 0;
  let losses: Point[] = [];
  let accuracies: Point[] = [];
  let tests: { readonly step: number; readonly loss: number; readonly accuracy: number }[] = [];

  const draw = () => {
    const mean = (points: readonly Point[]) =>
      points.map(({ step }, i) => {
        const window = points.slice(Math.max(0, i + 1 - smoothed), i + 1);
        return { step, value: window.reduce((sum, { value }) => sum + value, 0) / window.length };
      });
    loss.show(
      mean(losses),
      tests.map(({ step, loss: value }) => ({ step, value })),
    );
    accuracy.show(
      mean(accuracies),
      tests.map(({ step, accuracy: value }) => ({ step, value })),
    );
  };
  const offer = () => {
    start.textContent = training ? 'Pause' : losses.length > 0 ? 'Continue' : 'Start';
  };
  const forget = () => {
    run?.dispose();
    run = null;
    seed += 1;
    [losses, accuracies, tests] = [[], [], []];
    said.textContent = 'Not trained yet: one digit of ten is right by chance.';
    draw();
    offer();
  };
  const oneStep = async (current: TrainingRun) => {
    const from = performance.now();
    const { count, epochs, ...score } = await current.step(chosen.rate, chosen.batchSize);
    const rate = (1000 * count) / (performance.now() - from);
    const step = losses.length + 1;
    losses.push({ step, value: score.loss });
    accuracies.push({ step, value: score.accuracy });
    if (!Number.isFinite(score.loss))
      throw new Error('The loss has become infinite: the learning rate is too large. Reset, and take a smaller one.');
    if (step === 1 || step % testEvery === 0) tests.push({ step, ...(await current.test()) });
    said.textContent = `Step ${step}, epoch ${epochs.toFixed(1)}: loss ${score.loss.toFixed(3)}, ${percent(tests.at(-1)?.accuracy ?? 0)} of 500 test digits right. ${Math.round(rate)} images a second with ${current.backend}.`;
  };
  /** The end of the loop that trains now: a reset waits for it. */
  let loop: Promise<void> = Promise.resolve();
  const train = async () => {
    training = true;
    problem.textContent = '';
    offer();
    try {
      if (run === null) {
        said.textContent = 'The network and 2,500 digits are being loaded …';
        const { startTraining } = await import('./training-run.js');
        run = await startTraining(seed);
      }
      while (training && !left.aborted) {
        await oneStep(run);
        draw();
        // Lets the page draw, and the reader press.
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
    training = false;
    offer();
  };
  start.addEventListener('click', () => {
    if (training) training = false;
    else loop = loop.then(train);
  });
  reset.addEventListener('click', () => {
    training = false;
    loop = loop.then(forget);
  });
  left.addEventListener('abort', () => {
    loop = loop.then(() => run?.dispose());
  });
  const choice = (name: string, key: 'rate' | 'batchSize', values: readonly number[]) => {
    const index = values.indexOf(chosen[key]);
    const shown = slider(name, { min: 0, max: values.length - 1, step: 1, value: index }, (place) => {
      chosen[key] = values[place] ?? chosen[key];
      tell();
    });
    const output = shown.querySelector('output');
    const tell = () => {
      if (output !== null) output.textContent = String(chosen[key]);
    };
    tell();
    return shown;
  };
  place.replaceChildren(
    choice('learning rate', 'rate', rates),
    choice('batch size', 'batchSize', batchSizes),
    element('div', { class: 'buttons' }, start, reset),
    said,
    problem,
    element('div', { class: 'beside' }, loss.place, accuracy.place),
    element(
      'p',
      { class: 'legend note' },
      element('span', { class: 'training' }, `training, mean of ${smoothed} steps`),
      element('span', { class: 'test' }, `500 test digits, every ${testEvery} steps`),
    ),
  );
  forget();
}
