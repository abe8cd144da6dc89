/** What the table of networks says, computed from the networks themselves. */
import { summarize } from '@cnnzoo/shape';
import { listWeights } from '@cnnzoo/weights';
import { createModel, listModels } from '../../networks/create-model.js';
import { type Family, families, type ModelId } from '../../networks/models.js';
import type { NetworkRow, WeightsRow } from './network-row.js';

/** Builds a network on tfjs's current backend and describes it. */
export function describeNetwork(id: ModelId): NetworkRow {
  const model = createModel(id, { initialWeights: 'zeros' });
  try {
    const { inputShape, params, buffers, macs, outputShape } = summarize(model);
    return {
      id,
      family: familyOf(id),
      input: inputShape.join('x'),
      classes: outputShape.at(-1) ?? 0,
      params,
      macs,
      bytes: 4 * (params + buffers),
      weights: publishedWeights(id),
    };
  } finally {
    model.dispose();
  }
}

/** The published sets, the best first: by top-1, those without one last. */
export function publishedWeights(id: ModelId): WeightsRow[] {
  return listWeights(id)
    .map(({ name, top1, megabytes, licence }) => ({ name, top1, megabytes, licence }))
    .sort((a, b) => (b.top1 ?? 0) - (a.top1 ?? 0));
}

function familyOf(id: ModelId): Family {
  for (const family of Object.keys(families) as Family[]) if (listModels({ family }).includes(id)) return family;
  throw new Error(`${id} has no family`);
}
