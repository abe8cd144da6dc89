import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@cnnzoo/backend-node';
import { arrayDataset } from '@cnnzoo/data';
import { type HubServer, hubServer } from '@cnnzoo/testing/hub-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { imageClassifier } from '../classifier/classifier.js';
import { loadClassifier } from '../classifier/load-classifier.js';
import { createModel } from '../networks/create-model.js';
import { pushToHub } from './push-to-hub.js';

const folder = mkdtempSync(join(tmpdir(), 'push-'));
let hub: HubServer;
beforeAll(async () => {
  hub = await hubServer();
  await useBackend();
});
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  vi.stubEnv('HF_TOKEN', hub.token);
  vi.stubEnv('CNNZOO_CACHE', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const image = {
  data: Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => (i * 7) % 256),
  width: 40,
  height: 40,
  channels: 3,
};

test.each([
  ['resnet18', 'timm'],
  ['cifar_resnet20', 'cnnzoo'],
] as const)('%s goes to the hub and comes back the same, in a repository that %s opens', async (network, library) => {
  const model = createModel(network, { numClasses: 2, inputShape: [32, 32, 3], seed: 1 });
  model.setUserDefinedMetadata({
    ...model.getUserDefinedMetadata(),
    categories: ['cat', 'do|g'],
    licence: 'BSD-3-Clause',
  });
  const classifier = imageClassifier(model);
  const images = arrayDataset({
    data: image.data,
    labels: [1],
    categories: ['cat', 'do|g'],
    width: 40,
    height: 40,
    channels: 3,
  });
  const report = await classifier.evaluate(images);
  const name = `me/${network}`;
  const pushed = await pushToHub(classifier, `hf-hub:${name}`, { report });
  expect(pushed).toMatchObject({ url: `${hub.endpoint}/${name}`, timm: library === 'timm' });
  const files = hub.repositories.get(name)?.commits.at(-1)?.files ?? new Map<string, Buffer>();
  expect([...files.keys()].sort()).toEqual(['README.md', 'config.json', 'model.safetensors']);
  const [, head = '', card = ''] = files.get('README.md')?.toString().split(/^---$/m) ?? [];
  expect(parse(head)).toMatchObject({
    license: 'bsd-3-clause',
    library_name: library,
    'model-index': [{ results: [{ metrics: [{ type: 'accuracy', value: report.top1 }, { type: 'f1' }] }] }],
  });
  expect(card).toContain('do\\|g');
  expect(card).toContain('## Evaluation');
  expect(card.includes("timm.create_model('hf-hub:me/resnet18', pretrained=True)")).toBe(library === 'timm');

  const again = await loadClassifier(`hf-hub:${name}`);
  expect(again.categories).toEqual(['cat', 'do|g']);
  expect(await again.classify(image, { worker: 0 })).toEqual(await classifier.classify(image, { worker: 0 }));
  // The same again is another commit of the repository that is there.
  await pushToHub(classifier, name);
  expect(hub.repositories.get(name)?.commits).toHaveLength(2);
  await again.dispose();
  await classifier.dispose();
});

test('says who must be known, and what the hub refuses', async () => {
  const classifier = imageClassifier(createModel('lenet5', { numClasses: 2, seed: 1 }));
  await expect(pushToHub(classifier, 'pets')).rejects.toThrow(/hf-hub:owner\/name.*'pets'/);
  await expect(pushToHub(classifier, 'me/pets', { privat: true } as never)).rejects.toThrow(/privat.*private/);
  vi.stubEnv('HF_TOKEN', '');
  await expect(pushToHub(classifier, 'me/pets')).rejects.toThrow(/set HF_TOKEN/);
  vi.stubEnv('HF_TOKEN', 'hf_ofAStranger');
  await expect(pushToHub(classifier, 'me/pets')).rejects.toThrow(/hf-hub:me\/pets: Invalid username or password/);
  expect(hub.repositories.has('me/pets')).toBe(false);
  await classifier.dispose();
});
