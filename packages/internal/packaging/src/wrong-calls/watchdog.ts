/** Ends the process where a call does not come back: no timer of its own thread could. */
import { Worker } from 'node:worker_threads';

const longestText = 2000;
const seconds = 60;

const program = `
const { workerData: { state, text } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
for (;;) {
  const before = Atomics.load(state, 0);
  if (Atomics.wait(state, 0, before, ${seconds * 1000}) !== 'timed-out' || state[2] === 0) continue;
  writeSync(2, 'no answer in ${seconds} s: ' + Buffer.from(text.slice(0, state[1])).toString() + '\\n');
  process.kill(process.pid, 'SIGKILL');
}`;

/** @returns what says that something begins, or, of null, that nothing runs */
export function startWatchdog(): (what: string | null) => void {
  const state = new Int32Array(new SharedArrayBuffer(12));
  const text = new Uint8Array(new SharedArrayBuffer(longestText));
  new Worker(program, { eval: true, workerData: { state, text } }).unref();
  return (what) => {
    const bytes = Buffer.from(what ?? '').subarray(0, longestText);
    text.set(bytes);
    state[1] = bytes.length;
    state[2] = what === null ? 0 : 1;
    Atomics.add(state, 0, 1);
    Atomics.notify(state, 0);
  };
}
