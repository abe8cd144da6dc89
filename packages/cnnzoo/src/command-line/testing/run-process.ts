/** The command line as a process of its own: in a pipe, and on a pseudo-terminal. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export function runPiped(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run(process.execPath, [program, ...words], options);
}

/** Whether this machine has what makes a pseudo-terminal here. */
export const hasTerminal = spawnSync('python3', ['-c', 'import pty']).status === 0;

/** A terminal of 100 characters, in which both streams come together as `stdout`. Python's own `pty.spawn` gives it no size. */
const terminal = `
import fcntl, os, pty, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 100, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        part = os.read(master, 65536)
    except OSError:
        break
    if not part:
        break
    sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

export function runOnTerminal(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const env = { TERM: 'xterm-256color', ...options.env };
  return run('python3', ['-c', terminal, process.execPath, program, ...words], { ...options, env });
}

/** Starts the program and leaves it to the caller. */
export function startProcess(words: readonly string[], { env, cwd }: RunOptions = {}) {
  return spawn(process.execPath, [program, ...words], {
    env: environment(env),
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What a CI's or a developer's own environment says of colours: Node gives a terminal none where CI is set. */
const ofColors = ['CI', 'FORCE_COLOR', 'NODE_OPTIONS', 'NO_COLOR', 'TEAMCITY_VERSION', 'TF_BUILD'];

function environment(more: RunOptions['env'] = {}): NodeJS.ProcessEnv {
  const rest = Object.entries(process.env).filter(([name]) => !ofColors.includes(name));
  return { ...Object.fromEntries(rest), ...more };
}

async function run(file: string, args: readonly string[], { env, cwd }: RunOptions): Promise<Outcome> {
  const child = spawn(file, args, { env: environment(env), cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text.stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text.stderr += part));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, ...text };
}
