/** An evaluation as jobs of a BullMQ queue in Redis: each job is one batch of images, and what it returns is their report. */
import { imageFolder } from '@cnnzoo/data';
import {
  describeEvaluation,
  type EvaluationReport,
  merge,
  reportFromJson,
  reportToJson,
  type Shard,
} from '@cnnzoo/evaluate';
import { type Job, Queue, Worker } from 'bullmq';
import { type ImageClassifier, loadClassifier } from 'cnnzoo';

const queueName = 'cnnzoo-evaluation';

/** What a worker has to know. Every machine has the images and the network under these paths. */
interface BatchJob {
  readonly images: string;
  readonly model: string;
  /** Shard i of as many as there are batches is batch i. */
  readonly shard: Shard;
}

/** Where Redis is. A queue that cannot reach it waits; a program gives up. */
const connectionTo = (redis: string) => ({ url: redis, maxRetriesPerRequest: null });

/** A job has the same name whoever adds it: adding a run twice adds nothing. */
const jobName = (run: string, batch: number) => `${run}-${batch}`;

async function withQueue<Result>(
  redis: string,
  use: (queue: Queue<BatchJob, string>) => Promise<Result>,
): Promise<Result> {
  const queue = new Queue<BatchJob, string>(queueName, { connection: connectionTo(redis) });
  try {
    return await use(queue);
  } finally {
    await queue.close();
  }
}

/**
 * Adds a job for each batch of images.
 * @param run a name that is new
 * @returns how many jobs the run has
 */
export async function addRun(redis: string, run: string, images: string, model: string): Promise<number> {
  const classifier = await loadClassifier(model);
  try {
    const { length } = classifier.categories;
    const channels = classifier.model.inputs[0]?.shape.at(-1) === 1 ? 1 : 3;
    const dataset = await imageFolder(images, { classes: classifier.categories, channels });
    if (dataset.categories.length !== length) throw new RangeError(`${images} has other classes than ${model}`);
    const { part } = await describeEvaluation(classifier.model, dataset);
    const batches = Math.ceil(part.images / part.batch);
    await withQueue(redis, (queue) =>
      queue.addBulk(
        Array.from({ length: batches }, (_, batch) => ({
          name: 'batch',
          data: { images, model, shard: [batch, batches] as const },
          opts: { jobId: jobName(run, batch), attempts: 10, backoff: { type: 'exponential', delay: 500 } },
        })),
      ),
    );
    return batches;
  } finally {
    await classifier.dispose();
  }
}

/** How a worker tells what it does. */
type Log = (line: string) => void;

/**
 * Works until it is closed. Where a worker dies, Redis gives its job to another one after `patience`.
 * @param patience milliseconds that a worker may be silent before it counts as dead
 */
export function startWorker(redis: string, patience: number, log: Log): Worker<BatchJob, string> {
  let opened: { readonly model: string; readonly classifier: Promise<ImageClassifier> } | null = null;
  const classifierOf = async (model: string) => {
    if (opened?.model !== model) {
      await (await opened?.classifier)?.dispose();
      opened = { model, classifier: loadClassifier(model) };
      // The next job opens it again.
      opened.classifier.catch(() => (opened = null));
    }
    return opened.classifier;
  };
  const work = async ({ id, data: { images, model, shard } }: Job<BatchJob, string>) => {
    log(`began ${id}`);
    const classifier = await classifierOf(model);
    return reportToJson(await classifier.evaluate(images, { shard, answers: true }));
  };
  const worker = new Worker<BatchJob, string>(queueName, work, {
    connection: connectionTo(redis),
    lockDuration: patience,
    stalledInterval: patience,
    // Every death of a worker counts: more of them than this, and a job has failed.
    maxStalledCount: 100,
  });
  worker.on('completed', ({ id }) => log(`completed ${id}`));
  worker.on('failed', (job, { message }) => log(`failed ${job?.id}: ${message}`));
  worker.on('error', ({ message }) => log(`error: ${message}`));
  return worker;
}

/** How far a run is. */
export interface RunState {
  readonly completed: number;
  readonly failed: number;
  /** Of all jobs, how often one was begun. */
  readonly attempts: number;
}

export function stateOfRun(redis: string, run: string, batches: number): Promise<RunState> {
  return withQueue(redis, async (queue) => {
    let [completed, failed, attempts] = [0, 0, 0];
    for (let batch = 0; batch < batches; batch++) {
      const job = await queue.getJob(jobName(run, batch));
      attempts += job?.attemptsStarted ?? 0;
      if (await job?.isCompleted()) completed++;
      if (await job?.isFailed()) failed++;
    }
    return { completed, failed, attempts };
  });
}

/**
 * The report of all images: each job has one result, however often it was begun.
 * @throws Error naming the job that is not completed
 */
export function mergeRun(redis: string, run: string): Promise<EvaluationReport> {
  return withQueue(redis, async (queue) => {
    const reports: EvaluationReport[] = [];
    for (let batch = 0, batches = 1; batch < batches; batch++) {
      const name = jobName(run, batch);
      const job = await queue.getJob(name);
      if (job === undefined) throw new Error(`there is no job ${name}: is the run called so?`);
      batches = job.data.shard[1];
      if (!(await job.isCompleted()))
        throw new Error(`job ${name} is ${await job.getState()}${job.failedReason ? `: ${job.failedReason}` : ''}`);
      reports.push(reportFromJson(job.returnvalue));
    }
    return merge(reports);
  });
}
