import { shown } from '@cnnzoo/checks';
import type { Shard } from '@cnnzoo/evaluate';

/** The variables that schedulers give a task. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which shard this process is to compute, of the variables that its scheduler has set: Slurm's `SLURM_ARRAY_TASK_ID` and `SLURM_ARRAY_TASK_COUNT` (with `_MIN`, `_MAX`
 * and `_STEP`), or Kubernetes' `JOB_COMPLETION_INDEX` with the number of completions in `CNNZOO_SHARDS`, which Kubernetes does not say.
 * @param environment default: that of this process
 * @returns [i, n], counted from 0
 * @throws RangeError naming the variable that is missing or wrong
 * @example
 * import { shardFromEnvironment } from 'cnnzoo';
 *
 * console.log(shardFromEnvironment({ JOB_COMPLETION_INDEX: '3', CNNZOO_SHARDS: '8' })); // [3, 8]
 */
export function shardFromEnvironment(environment: Environment = process.env): Shard {
  if (typeof environment !== 'object' || environment === null)
    throw new TypeError(`environment must be an object of variables, got ${shown(environment)}`);
  const { SLURM_ARRAY_TASK_ID: task, JOB_COMPLETION_INDEX: completion } = environment;
  if (task !== undefined && completion !== undefined)
    throw new RangeError(
      'both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set: say the shard itself, such as --shard 0/8',
    );
  if (task !== undefined) return slurmShard(environment);
  if (completion === undefined)
    throw new RangeError(
      'neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set: this is no task of a Slurm array and no pod of an Indexed Job; say the shard itself, such as --shard 0/8',
    );
  return checked(
    ['JOB_COMPLETION_INDEX', variable(environment, 'JOB_COMPLETION_INDEX')],
    variable(environment, 'CNNZOO_SHARDS'),
  );
}

function slurmShard(environment: Environment): Shard {
  const id = variable(environment, 'SLURM_ARRAY_TASK_ID');
  const count = variable(environment, 'SLURM_ARRAY_TASK_COUNT');
  const optional = (name: string, otherwise: number) =>
    environment[name] === undefined ? otherwise : variable(environment, name);
  const least = optional('SLURM_ARRAY_TASK_MIN', 0);
  const step = Math.max(1, optional('SLURM_ARRAY_TASK_STEP', 1));
  const most = optional('SLURM_ARRAY_TASK_MAX', least + step * (count - 1));
  // Of --array=1,5,6 nothing says which is which.
  if ((most - least) / step + 1 !== count)
    throw new RangeError(
      `the array has ${count} tasks from ${least} to ${most} in steps of ${step}, so it has gaps: say the shard itself, such as --shard "$SLURM_ARRAY_TASK_ID/8"`,
    );
  return checked(['SLURM_ARRAY_TASK_ID', (id - least) / step], count);
}

function checked([name, index]: [string, number], count: number): Shard {
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new RangeError(`${name} says shard ${index}, expected 0 to ${count - 1}`);
  return [index, count];
}

function variable(environment: Environment, name: string): number {
  const text = environment[name];
  if (text === undefined) throw new RangeError(`${name} is not set: say the shard itself, such as --shard 0/8`);
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${name} must be an integer of at least 0, got ${shown(text)}`);
  return Number(text);
}
