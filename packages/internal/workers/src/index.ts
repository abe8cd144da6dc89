export { type StartedWorker, startWorker, type WorkerEvents, type WorkerKind } from './start-worker.js';
export { runWorker, type WorkerLink } from './worker-link.js';
