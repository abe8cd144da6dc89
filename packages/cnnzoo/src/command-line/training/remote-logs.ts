/** Servers that the figures of a run are sent to. */
import { basename } from 'node:path';
import type { RemoteLog } from '@cnnzoo/train';
import type { Run } from './run.js';

/** Listeners for the servers that the run names; none where it names none. */
export async function remoteLogs(run: Run): Promise<readonly RemoteLog[]> {
  const { mlflow, trackio } = run;
  if (mlflow === undefined && trackio === undefined) return [];
  const { mlflowLog, trackioLog } = await import('@cnnzoo/train');
  const project = basename(run.data).replace(/\.[a-z]+$/i, '') || 'cnnzoo';
  const parameters = parametersOf(run);
  const name = basename(run.out);
  return [
    ...(mlflow === undefined ? [] : [mlflowLog({ uri: mlflow, experiment: project, run: name, parameters })]),
    ...(trackio === undefined ? [] : [trackioLog({ url: trackio, project, run: name, parameters })]),
  ];
}

/** What was asked for, but not where it goes. */
function parametersOf(run: Run): Record<string, string | number | boolean> {
  const { network, data, weights, recipe, epochs, frozenEpochs, batchSize, learningRate, seed } = run;
  const given = {
    network,
    data,
    weights: weights ?? 'none',
    recipe,
    epochs,
    frozenEpochs,
    batchSize,
    learningRate,
    seed,
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
