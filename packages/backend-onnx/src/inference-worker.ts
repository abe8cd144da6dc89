/** The program of the worker threads of frozen models. `freeze` starts it; it is not for import. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveRequests, type WorkerSetup } from './inference/serve-requests.js';

if (parentPort !== null) serveRequests(parentPort, workerData as WorkerSetup);
