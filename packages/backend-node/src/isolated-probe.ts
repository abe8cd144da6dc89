/** Tries an engine in a process of its own, so that a crash in its addon or driver is an answer and not the end of the app. */
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import type { EngineName } from './engine-name.js';
import type { EngineSettings, Surroundings } from './engines/engine.js';
import type { Speed } from './measure.js';
import type { Purpose } from './probe.js';

export interface ProbeRequest {
  readonly engine: EngineName;
  readonly purpose: Purpose;
  readonly settings: EngineSettings;
  readonly surroundings: Surroundings;
  /** Measure its speed, too. */
  readonly measure: boolean;
}

export type ProbeAnswer =
  | {
      readonly device: string;
      /** Why it cannot train, where it is wanted for inference; null where it can. */
      readonly trainingProblem: string | null;
      readonly speed: Speed | null;
    }
  | { readonly problem: string };

/** TensorFlow and the dynamic linker name the libraries that they miss on stderr. */
function missingLibraries(text: string): string[] {
  const names = [...text.matchAll(/Could not load dynamic library '([^']+)'/g)].map(([, name = '']) => name);
  return [...new Set(names)];
}

/** The end of what a process said, in one line, without the stack traces that Node prints when it is aborted. */
function lastWords(text: string): string {
  const [said = ''] = text.split(/^-+ (?:Native|JavaScript) stack trace/m);
  return said.trim().split('\n').slice(-3).join(' / ').slice(-400);
}

/**
 * @param timeout milliseconds after which an engine that does not answer is given up; TensorFlow may compile CUDA kernels for half a
 *   minute when it meets a GPU that it does not know
 */
export function probeApart(request: ProbeRequest, timeout = 90_000): Promise<ProbeAnswer> {
  // Found by this package's own export, so that both builds and the tests start the same file.
  const program = createRequire(import.meta.url).resolve('@cnnzoo/backend-node/probe-process');
  return new Promise((resolve) => {
    const child = fork(program, [JSON.stringify(request)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      timeout,
      killSignal: 'SIGKILL',
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0' },
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
    let answer: ProbeAnswer | null = null;
    child.on('message', (message) => {
      answer = message as ProbeAnswer;
    });
    child.on('error', (error) => resolve({ problem: `its probe could not be started: ${error.message}` }));
    child.on('close', (code, signal) => {
      const missing = missingLibraries(said);
      const why = missing.length > 0 ? `, missing ${missing.join(', ')}` : '';
      if (answer !== null) resolve('problem' in answer ? { problem: `${answer.problem}${why}` } : answer);
      else if (child.killed) resolve({ problem: `its probe gave no answer in ${timeout / 1000} s${why}` });
      else {
        const words = lastWords(said);
        const how = `its probe crashed with ${signal ?? `exit code ${code}`}`;
        resolve({ problem: `${how}${why}${words === '' ? '' : `: ${words}`}` });
      }
    });
  });
}
