/** Runs a program and collects what it prints. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname } from 'node:path';

export interface Output {
  /** Standard output and error as they came. */
  readonly text: string;
}

/** A program that ended with another exit code than 0, or was ended because it took too long. */
export class RunError extends Error {
  constructor(
    command: string,
    reason: string,
    readonly text: string,
  ) {
    super(`${command} ${reason}:\n${text.slice(-8000)}`);
  }
}

/** Milliseconds after which a program that installs, publishes or computes hangs: many times what it takes where nothing else runs. */
export const patience = 400_000;

export interface RunOptions {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly timeout: number;
}

/** @throws RunError where the program fails or hangs */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<Output> {
  const command = [program, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.folder,
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new RunError(command, `was ended after ${options.timeout / 1000} s`, text));
    }, options.timeout);
    child.on('error', (error) => reject(error));
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve({ text });
      else reject(new RunError(command, `ended with exit code ${code}`, text));
    });
  });
}

/** Of the variables that tests were started with, those that a machine needs and no setting of npm, pnpm, yarn or CI. */
const kept = [
  'PATH',
  'Path',
  'SystemRoot',
  'ComSpec',
  'PATHEXT',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'LANG',
];

/** The environment of a person who has just got the machine: empty caches, no settings. */
export function cleanEnvironment(options: {
  /** Home folder; is made. */
  readonly home: string;
  readonly variables: Readonly<Record<string, string>>;
}): NodeJS.ProcessEnv {
  const { home, variables } = options;
  mkdirSync(home, { recursive: true });
  const environment: NodeJS.ProcessEnv = {};
  for (const name of kept) if (process.env[name] !== undefined) environment[name] = process.env[name];
  // Without the folders of node_modules/.bin that a package manager put there, and with this Node first.
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return {
    ...environment,
    PATH: [dirname(process.execPath), ...path].join(delimiter),
    HOME: home,
    USERPROFILE: home,
    LOCALAPPDATA: home,
    APPDATA: home,
    TMPDIR: tmpdir(),
    TEMP: tmpdir(),
    TMP: tmpdir(),
    ...variables,
  };
}
