/** The program of the threads that compute parts of training steps. The backend starts it; it is not for import. */
import { runWorker } from '@cnnzoo/workers';
import { serveParts } from './replicas/serve-parts.js';

runWorker<null>(serveParts);
