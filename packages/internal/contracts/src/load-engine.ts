/**
 * Registers an engine of `@cnnzoo/backend-node` for run-engine-contract.ts's `--import`: CNNZOO_BACKEND says which one, and the app that
 * has installed it is the working directory.
 */
import { useBackend } from '@cnnzoo/backend-node';

const { engine, device, rejected } = await useBackend();
const wanted = process.env['CNNZOO_BACKEND'];
if (wanted !== undefined && engine !== wanted)
  throw new Error(`${wanted} cannot be had: ${rejected.map(({ reason }) => reason).join('; ')}`);
console.log(`${engine} on ${device}`);
