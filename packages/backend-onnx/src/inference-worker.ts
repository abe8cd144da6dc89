/** The program of the workers of frozen models. `freeze` starts it; it is not for import. */
import { runWorker } from '@cnnzoo/workers';
import { serveRequests, type WorkerSetup } from './inference/serve-requests.js';

runWorker<WorkerSetup>(serveRequests);
