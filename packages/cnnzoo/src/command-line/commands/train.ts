import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { RecipeName, RemoteLog, TrainEvent } from '@cnnzoo/train';
import { command, type Result, several } from '../command.js';
import { interruptedCode } from '../exit-codes.js';
import { checkParent } from '../export/export-model.js';
import { onePlace } from '../one-place.js';
import type { Output } from '../output.js';
import { recipeNames } from '../recipe-names.js';
import { readRunFile } from '../run-file.js';
import type { RunEnd } from '../training/live-document.js';
import { progressListener } from '../training/progress.js';
import { remoteLogs } from '../training/remote-logs.js';
import { planRun, type Run, type RunRequest } from '../training/run.js';
import { trainOptions } from '../training/train-options.js';

export const trainCommand = command({
  name: 'train',
  summary: 'fine-tunes a network on a folder of images, or trains one as a paper did',
  details:
    "Fine-tunes a network on a folder with a folder of images for each class (or a zip or tar of one, a CSV or JSON list of labels, or shards: tars of webdataset or Parquet files), and saves a classifier: one folder for cnnzoo predict, evaluate and export. With --weights none it trains from random weights. The first word may also be a paper's recipe (cnnzoo recipe lists them), or a run file: these options in YAML or JSON, in camel case; its JSON schema is node_modules/cnnzoo/dist/run.schema.json. Options on the command line come before those of the file. Ctrl-C ends the run after its step, and --resume resumes it.",
  examples: [
    'cnnzoo train pets --network resnet18 --epochs 5 --out pets-classifier',
    'cnnzoo train pets --out pets-classifier --resume',
    'cnnzoo train resnet-cifar --data cifar10 --network cifar_resnet20 --live',
    'cnnzoo train pets --find-learning-rate curve.svg',
    'cnnzoo train pets-{000..009}.tar --network resnet18 --out pets-classifier',
    'cnnzoo train run.yaml',
  ],
  args: {
    source: several(
      'a folder, archive or list of labelled images, or shards of them; a recipe; or a run file',
      recipeNames,
    ),
  },
  options: trainOptions,
  async run({ args: { source }, options, output }) {
    const run = await runOf(onePlace(source), options);
    if (run.findLearningRate !== undefined) return findLearningRate(run, run.findLearningRate, output);
    if (run.resume !== true && existsSync(run.checkpoint))
      throw new RangeError(
        `${run.checkpoint} has the checkpoints of a run that was interrupted: --resume resumes it, or remove the folder`,
      );
    const { train } = await import('../training/train-run.js');
    const show = await progressListener(output);
    const logs = await remoteLogs(run);
    const page = run.live ? await openPage(run, output) : null;
    let end: RunEnd = { state: 'failed' };
    try {
      const onEvent = (event: TrainEvent) => {
        show(event);
        page?.onEvent(event);
        for (const log of logs) log(event);
      };
      const { history, report, categories } = await train(run, { onEvent, note: output.note });
      end = { state: history.interrupted === null ? 'done' : 'interrupted' };
      const epoch = history.epochs.at(-1);
      const data = {
        type: 'result',
        interrupted: history.interrupted,
        out: history.interrupted === null ? run.out : null,
        checkpoint: history.interrupted === null ? null : run.checkpoint,
        categories,
        epochs: history.epochs,
        top1: report?.top1 ?? null,
      };
      if (history.interrupted !== null)
        return {
          text: `interrupted after step ${history.step}; the same command with --resume resumes it`,
          data,
          exitCode: interruptedCode,
        };
      if (!run.keepCheckpoint) await rm(run.checkpoint, { recursive: true, force: true });
      const accuracy = report?.top1 ?? epoch?.validation?.accuracy;
      const tested =
        accuracy === undefined ? '' : `, ${(100 * accuracy).toFixed(1)} % of the images for validation right`;
      return { text: `${run.out}: ${categories.length} classes${tested}`, data };
    } catch (error) {
      end = { state: 'failed', message: error instanceof Error ? error.message : String(error) };
      throw error;
    } finally {
      await page?.close(end);
      for (const log of logs) await finishLog(log, end.state !== 'failed', output);
    }
  },
});

/** A server that cannot be reached does not make a training fail that has come to its end. */
async function finishLog(log: RemoteLog, ended: boolean, output: Output): Promise<void> {
  try {
    await log.finish(!ended);
  } catch (error) {
    output.log.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function findLearningRate(run: Run, file: string, output: Output): Promise<Result> {
  await checkParent(file);
  const { findRate } = await import('../training/find-rate.js');
  const { suggestion, points } = await findRate(run, file, output);
  return {
    text:
      suggestion === null
        ? `${file}: the loss never fell, so there is nothing to suggest`
        : `${file}: the loss falls well at --learning-rate ${Number(suggestion.toPrecision(2))}`,
    data: { type: 'result', file, suggestion, points },
  };
}

/** What is to be done, of the words, the run file and what follows from both. */
async function runOf(source: string, options: RunRequest): Promise<Run> {
  const given: RunRequest = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const isRecipe = (recipeNames as readonly string[]).includes(source) && !existsSync(source);
  const isRunFile = /\.(ya?ml)$/i.test(source) || (/^(?!https?:).*\.json$/is.test(source) && (await namesData(source)));
  const all: RunRequest = isRunFile
    ? { ...(await readRunFile(source, trainOptions)), ...given }
    : isRecipe
      ? { ...given, recipe: source as RecipeName }
      : { ...given, data: source };
  return planRun(all);
}

/** A JSON file may be a list of labels, too: a run file has `data`, and nothing that is no option. */
async function namesData(file: string): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  return typeof content === 'object' && content !== null && Object.hasOwn(content, 'data');
}

async function openPage(run: Run, output: Output) {
  const { livePage } = await import('../training/live-page.js');
  const page = await livePage(`${run.network} on ${run.data}`, run.port);
  output.event({ type: 'live', address: page.address });
  output.note(`live: ${page.address}`);
  return page;
}
