/** Slurm on this machine: a controller, and nodes that are processes. Everything is in one folder, and nothing of the machine's own Slurm is touched. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface SlurmCluster {
  /** With it commands such as sbatch talk to this cluster. */
  readonly environment: Readonly<Record<string, string>>;
  /** What a command of Slurm prints. */
  query(program: string, ...args: readonly string[]): string;
  /** Stops, by SIGSTOP, the processes of a node that have a word in their command: they end only when they are killed. @returns whether there was one */
  pause(node: string, word: string): boolean;
  /** Kills a node as a power cut does: its daemon, and all that runs on it. */
  kill(node: string): void;
  stop(): Promise<void>;
}

/** Why Slurm cannot be started here, or null. */
export function noSlurm(): string | null {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, which starts daemons of Slurm';
  const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  );
  return missing.length === 0 ? null : `needs ${missing.join(', ')}: apt-get install slurm-wlm munge`;
}

/** @param folder an empty one @param nodes their names */
export async function startSlurm(folder: string, nodes: readonly string[], cpus: number): Promise<SlurmCluster> {
  const [controllerPort = 0, ...ports] = await freePorts(nodes.length + 1);
  const key = join(folder, 'munge.key');
  writeFileSync(key, Buffer.from(Array.from({ length: 128 }, (_, i) => (i * 37 + 11) % 256)));
  chmodSync(key, 0o400);
  chmodSync(folder, 0o755);
  const socket = join(folder, 'munge.socket');
  const configuration = join(folder, 'slurm.conf');
  mkdirSync(join(folder, 'state'));
  for (const node of nodes) mkdirSync(join(folder, `spool-${node}`));
  writeFileSync(
    configuration,
    `ClusterName=cnnzoo
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${controllerPort}
SlurmUser=root
AuthType=auth/munge
# A requeued job waits until its old credential is no longer taken, 120 s by default.
AuthInfo=socket=${socket},cred_expire=5
StateSaveLocation=${join(folder, 'state')}
SlurmdSpoolDir=${join(folder, 'spool-%n')}
SlurmctldPidFile=${join(folder, 'slurmctld.pid')}
SlurmdPidFile=${join(folder, 'slurmd-%n.pid')}
SlurmctldLogFile=${join(folder, 'slurmctld.log')}
SlurmdLogFile=${join(folder, 'slurmd-%n.log')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MailProg=/bin/true
# A node that does not answer for so many seconds is down, and its jobs are requeued.
SlurmdTimeout=10
JobRequeue=1
ReturnToService=2
${nodes.map((node, i) => `NodeName=${node} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${ports[i]} CPUs=${cpus} RealMemory=65536`).join('\n')}
PartitionName=all Nodes=ALL Default=YES State=UP
`,
  );
  const environment = { ...process.env, SLURM_CONF: configuration } as Record<string, string>;
  const daemons: ChildProcess[] = [];
  const start = (program: string, args: readonly string[]) => {
    const daemon = spawn(program, args, { env: environment, stdio: 'ignore' });
    daemons.push(daemon);
    return daemon;
  };
  const query = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, { env: environment, encoding: 'utf8' });
  const byNode = new Map<string, ChildProcess>();
  const stop = async () => {
    for (const node of byNode.keys()) for (const pid of processesOn(node, configuration)) signal(pid, 'SIGKILL');
    for (const daemon of daemons) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGKILL');
      await ended;
    }
  };
  try {
    const files = {
      'key-file': key,
      socket,
      'pid-file': join(folder, 'munged.pid'),
      'log-file': join(folder, 'munged.log'),
    };
    const options = Object.entries({ ...files, 'seed-file': join(folder, 'munged.seed') });
    start('munged', ['--foreground', '--force', ...options.map(([name, value]) => `--${name}=${value}`)]);
    await until(() => spawnSync('munge', ['--socket', socket, '--no-input']).status === 0, 'munged answers');
    start('slurmctld', ['-D']);
    for (const node of nodes) byNode.set(node, start('slurmd', ['-D', '-N', node]));
    await until(
      () => {
        const { status, stdout } = spawnSync('sinfo', ['--noheader', '--Node', '--format=%t'], {
          env: environment,
          encoding: 'utf8',
        });
        return (
          status === 0 &&
          stdout
            .trim()
            .split('\n')
            .filter((state) => state.trim() === 'idle').length === nodes.length
        );
      },
      `all of ${nodes.join(', ')} are idle`,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    environment,
    query,
    pause: (node, word) =>
      processesOn(node, configuration)
        .filter((pid) => readOrNothing(`/proc/${pid}/cmdline`).split('\0').includes(word))
        .filter((pid) => {
          signal(pid, 'SIGSTOP');
          return /^State:\tT/m.test(readOrNothing(`/proc/${pid}/status`));
        }).length > 0,
    kill(node) {
      const pids = processesOn(node, configuration);
      // The daemons first, so that none of them can say how its job ended.
      byNode.get(node)?.kill('SIGKILL');
      for (const pid of new Set(pids.map(parentOf)))
        if (/slurmstepd/.test(readOrNothing(`/proc/${pid}/cmdline`))) signal(pid, 'SIGKILL');
      for (const pid of pids) signal(pid, 'SIGKILL');
    },
    stop,
  };
}

/** What runs on a node, by the variable that Slurm gives it. */
function processesOn(node: string, configuration: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const variables = readOrNothing(`/proc/${pid}/environ`).split('\0');
      return variables.includes(`SLURMD_NODENAME=${node}`) && variables.includes(`SLURM_CONF=${configuration}`);
    })
    .map(Number);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** A process may end at any time. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function signal(pid: number, name: 'SIGKILL' | 'SIGSTOP'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits for a condition. @throws Error saying what did not come about in minutes: it has failed then */
export async function until(condition: () => boolean, what: string, seconds = 600): Promise<void> {
  for (const end = performance.now() + 1000 * seconds; !condition(); await setTimeout(100))
    if (performance.now() > end) throw new Error(`after ${seconds} s it is not so that ${what}`);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
