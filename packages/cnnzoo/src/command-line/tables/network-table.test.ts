import '@tensorflow/tfjs-backend-cpu';
import { recipes } from '@cnnzoo/train';
import { expect, test } from 'vitest';
import { listModels } from '../../networks/create-model.js';
import { paperOf } from '../papers.js';
import { recipeNames } from '../recipe-names.js';
import { describeNetwork, publishedWeights } from './describe-networks.js';
import { networkTable } from './network-table.js';

const remedy = 'run make-network-table.ts';

test('the table has every network, and every published set', () => {
  expect(
    networkTable.map(({ id }) => id),
    remedy,
  ).toEqual(listModels());
  for (const { id, weights } of networkTable) expect(weights, remedy).toEqual(publishedWeights(id));
});

// Each of the two largest takes longer than all others.
test.each(networkTable.filter(({ id }) => !/1202|1001/.test(id)))('$id is as the table says', (row) => {
  expect(describeNetwork(row.id), remedy).toEqual(row);
});

test('every network has a paper, every recipe its name', () => {
  for (const id of listModels()) expect(paperOf(id).address).toMatch(/^https:/);
  expect(recipeNames).toEqual(Object.keys(recipes));
});
