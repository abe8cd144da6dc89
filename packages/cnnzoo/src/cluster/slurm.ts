/** A shell script that submits the shards as an array job, and a job that merges them. */
import type { ClusterTask } from './task.js';

export interface SlurmOptions {
  /** Processors of a task. */
  readonly cpus: number;
  /** Memory of a task, as Slurm writes it: 4G. */
  readonly memory: string;
  /** How the command line is called there. */
  readonly program: string;
  readonly partition?: string;
  /** Shards at the same time. */
  readonly parallel?: number;
}

/**
 * The array's tasks have the numbers of the shards, so that `sbatch --array=3` computes one of them again. A task whose node dies is requeued by Slurm; one that fails is
 * requeued by itself. The merge waits for all of them, and is cancelled where one has failed for good.
 */
export function slurmScript(task: ClusterTask, { cpus, memory, program, partition, parallel }: SlurmOptions): string {
  const { words, folder, shards, name, retries } = task;
  const call = [...program.split(' '), ...words].map(shellWord).join(' ');
  const merge = [...program.split(' '), 'merge', folder].map(shellWord).join(' ');
  const common = [...(partition === undefined ? [] : [`--partition=${partition}`]), `--chdir="$PWD"`];
  const array = `0-${shards - 1}${parallel === undefined ? '' : `%${parallel}`}`;
  return `#!/bin/bash
# Made by cnnzoo cluster slurm. bash THIS_FILE submits ${shards} shards and the job that merges them, and prints the number of the latter.
set -euo pipefail

array=$(sbatch --parsable --job-name=${name} --array=${array} --requeue --open-mode=append \\
  --cpus-per-task=${cpus} --mem=${memory} ${common.join(' ')} --output=${name}-%a.log <<'SHARD'
#!/bin/bash
if ${call} --shard "$SLURM_ARRAY_TASK_ID/${shards}"; then exit 0; else code=$?; fi
# 2 is a wrong call, which fails again.
if [ "$code" -ne 2 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${retries} ]; then
  scontrol requeue "$SLURM_JOB_ID"
  sleep 60
fi
exit "$code"
SHARD
)

sbatch --parsable --job-name=${name}-merge --dependency="afterok:$array" --kill-on-invalid-dep=yes \\
  --cpus-per-task=1 --mem=${memory} ${common.join(' ')} --output=${name}-merge.log <<'MERGE'
#!/bin/bash
exec ${merge}
MERGE
`;
}

/** Quoted where a shell would read it as more than a word. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
