import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lenet5 } from '@cnnzoo/lenet';
import { readMetadata, writeMetadata } from '@cnnzoo/metadata';
import { cifarResnet, resnet18 } from '@cnnzoo/resnet';
import { type HubServer, hubServer } from '@cnnzoo/testing/hub-server';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { writeSafetensors } from '../formats/safetensors.js';
import { stateDict } from '../model/state-dict-of-model.js';
import { cachedWeights, clearCachedWeights, downloadWeights } from '../published/cached-weights.js';
import { loadPretrained } from '../published/load-pretrained.js';
import { applyWeightRules } from '../published/weight-rules.js';
import { describeHubWeights } from './hub-weights.js';
import { hubModelFiles, timmStateDict } from './model-files.js';
import { readHubConfig } from './read-config.js';

const folder = mkdtempSync(join(tmpdir(), 'hub-'));
let hub: HubServer;
beforeAll(async () => {
  hub = await hubServer();
});
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  vi.stubEnv('CNNZOO_CACHE', folder);
  vi.stubEnv('HF_TOKEN', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** As timm 1.0 writes it for one of its ResNets, fine-tuned. */
const timmConfig = {
  architecture: 'resnet18',
  num_classes: 3,
  num_features: 512,
  global_pool: 'avg',
  label_names: ['cat', 'dog', 'frog'],
  pretrained_cfg: {
    tag: 'a1_in1k',
    custom_load: false,
    input_size: [3, 64, 64],
    fixed_input_size: false,
    interpolation: 'bicubic',
    crop_pct: 0.95,
    crop_mode: 'center',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    num_classes: 3,
    pool_size: [7, 7],
    first_conv: 'conv1',
    classifier: 'fc',
    license: 'apache-2.0',
  },
};
const small = { numClasses: 3, inputShape: [64, 64, 3] as [number, number, number] };
/** A state dict's bytes, by name: quicker to compare than eleven million numbers. */
const bytes = (model: Parameters<typeof stateDict>[0]) => Buffer.from(writeSafetensors(stateDict(model)));

test('what timm has pushed is loaded, with its preprocessing and the names of its classes', async () => {
  const theirs = resnet18({ ...small, seed: 7 });
  hub.put('timm/mine', {
    'config.json': JSON.stringify(timmConfig),
    'model.safetensors': writeSafetensors(stateDict(theirs), { format: 'pt' }),
  });
  const model = resnet18({ ...small, initialWeights: 'zeros' });
  const { weights } = await loadPretrained(model, 'hf-hub:timm/mine');
  expect(bytes(model).equals(bytes(theirs))).toBe(true);
  expect(weights).toMatchObject({
    architecture: 'resnet18',
    numClasses: 3,
    licence: 'apache-2.0',
    inputShape: [64, 64, 3],
  });
  expect(readMetadata(model)).toMatchObject({
    categories: ['cat', 'dog', 'frog'],
    licence: 'apache-2.0',
    preprocessing: { resizeSize: 67, cropSize: 64, interpolation: 'bicubic', std: [0.229, 0.224, 0.225] },
  });
  // A network for other classes keeps its new head, and nothing names them.
  const other = resnet18({ ...small, numClasses: 5 });
  expect((await loadPretrained(other, 'hf_hub:timm/mine')).mismatched).toEqual(['fc.weight', 'fc.bias']);
  expect(readMetadata(other).categories).toBeUndefined();
  for (const each of [theirs, model, other]) each.dispose();
});

test('another commit is seen; without the hub, the last one that was', async () => {
  const write = (classes: string[]) =>
    hub.put('me/changing', {
      'config.json': JSON.stringify({ ...timmConfig, label_names: classes }),
      'model.safetensors': writeSafetensors(new Map()),
    });
  write(['a', 'b', 'c']);
  const first = hub.repositories.get('me/changing')?.commits[0]?.sha;
  expect((await describeHubWeights('hf-hub:me/changing')).categories).toEqual(['a', 'b', 'c']);
  write(['d', 'e', 'f']);
  expect((await describeHubWeights('hf-hub:me/changing')).categories).toEqual(['d', 'e', 'f']);
  expect((await describeHubWeights(`hf-hub:me/changing@${first}`)).categories).toEqual(['a', 'b', 'c']);
  const count = hub.requests.length;
  expect((await describeHubWeights('hf-hub:me/changing', { offline: true })).categories).toEqual(['d', 'e', 'f']);
  expect(hub.requests).toHaveLength(count);
  await expect(describeHubWeights('hf-hub:me/never', { offline: true })).rejects.toThrow(/not in the cache/);
  // At the same address, a server that fails.
  const gone = await hubServer();
  vi.stubEnv('HF_ENDPOINT', gone.endpoint);
  gone.put('me/changing', { 'config.json': JSON.stringify(timmConfig) });
  expect((await describeHubWeights('hf-hub:me/changing')).numClasses).toBe(3);
  await gone.close();
  expect((await describeHubWeights('hf-hub:me/changing')).numClasses).toBe(3);
});

test('the cache downloads, names and removes repositories as it does sets', async () => {
  // Nothing of them is read here.
  for (const name of ['me/kept', 'me/removed'])
    hub.put(name, { 'config.json': JSON.stringify(timmConfig), 'model.safetensors': 'weights' });
  const file = await downloadWeights('hf-hub:me/removed');
  await downloadWeights('hf-hub:me/kept');
  const ids = async () => (await cachedWeights()).map(({ id }) => id);
  expect(await ids()).toEqual(expect.arrayContaining(['hf-hub:me/kept', 'hf-hub:me/removed']));
  const removed = await clearCachedWeights(['hf_hub:me/removed@main']);
  expect(removed.map(({ id }) => id)).toEqual(['hf-hub:me/removed']);
  expect(existsSync(file)).toBe(false);
  expect(await ids()).toEqual(expect.not.arrayContaining(['hf-hub:me/removed']));
  expect(await ids()).toContain('hf-hub:me/kept');
});

test('HF_TOKEN opens what is private, and goes to the hub alone', async () => {
  hub.put(
    'me/private',
    { 'config.json': JSON.stringify(timmConfig), 'model.safetensors': writeSafetensors(stateDict(resnet18(small))) },
    true,
  );
  await expect(describeHubWeights('hf-hub:me/private')).rejects.toThrow(/hf-hub:me\/private.*401.*HF_TOKEN/);
  vi.stubEnv('HF_TOKEN', hub.token);
  const begin = hub.requests.length;
  await loadPretrained(resnet18(small), 'hf-hub:me/private');
  const asked = hub.requests.slice(begin);
  expect(asked.some(({ line }) => line.includes('/store/'))).toBe(true);
  for (const { line, withToken } of asked) expect([line, withToken]).toEqual([line, !line.includes('/store/')]);
});

test('names that are none, and repositories without what is needed', async () => {
  for (const name of ['hf-hub:', 'hf-hub:resnet18', 'hf-hub:a/b/c', 'hf-hub:../b', 'hf-hub:a/b@..//x y'])
    await expect(describeHubWeights(name)).rejects.toThrow(/hf-hub:owner\/name/);
  await expect(describeHubWeights('hf-hub:no/body')).rejects.toThrow(/is it called so\?/);
  hub.put('me/empty', { 'README.md': 'nothing' });
  await expect(describeHubWeights('hf-hub:me/empty')).rejects.toThrow(/config\.json.*404/);
  hub.put('me/text', { 'config.json': 'no JSON' });
  await expect(describeHubWeights('hf-hub:me/text')).rejects.toThrow(/config\.json is not JSON/);
  expect(existsSync(folder) && readdirSync(folder)).toContain('commits');
});

describe('config.json', () => {
  test('as timm wrote it before 0.9', () => {
    const { pretrained_cfg: cfg, num_classes: _, label_names: __, ...top } = timmConfig;
    expect(readHubConfig('x', { ...top, ...cfg, labels: ['cat', 'dog', 'frog'] })).toEqual(
      readHubConfig('x', timmConfig),
    );
  });

  test.each<[object, RegExp]>([
    [{ architecture: 'vit_base_patch16_224' }, /'vit_base_patch16_224'.*resnet18/],
    [{ model_args: { block: 'x' } }, /model_args\.block/],
    [{ label_names: ['one'] }, /label_names has 1 names, num_classes is 3/],
    [{ num_classes: 0 }, /num_classes must be/],
    [
      { pretrained_cfg: { ...timmConfig.pretrained_cfg, input_size: [3, 64, 32] } },
      /input_size must be .* of a square/,
    ],
    [{ pretrained_cfg: { ...timmConfig.pretrained_cfg, input_size: [3, 1e6, 1e6] } }, /input_size/],
    [{ pretrained_cfg: { ...timmConfig.pretrained_cfg, crop_mode: 'squash' } }, /crop_mode/],
    [{ pretrained_cfg: { ...timmConfig.pretrained_cfg, mean: [0.5] } }, /mean must be an array of 3/],
    [{ cnnzoo: { id: 'lenet5' } }, /cnnzoo\.preprocessing/],
  ])('%j is refused', (changes, message) => {
    expect(() => readHubConfig('hf-hub:me/x', { ...timmConfig, ...changes })).toThrow(message);
    expect(() => readHubConfig('hf-hub:me/x', { ...timmConfig, ...changes })).toThrow(
      /^hf-hub:me\/x|^metadata of model 'hf-hub:me\/x'/,
    );
  });

  test('whatever a stranger writes, reading it answers or throws an error that names the repository', () => {
    const known = fc.constantFrom(
      ...Object.keys(timmConfig),
      ...Object.keys(timmConfig.pretrained_cfg),
      'cnnzoo',
      'id',
      'options',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(fc.jsonValue(), fc.constant('resnet18'), fc.constant([3, 8, 8]), tie('record')),
      record: fc.dictionary(known, tie('any'), { maxKeys: 6 }),
    })).record;
    let read = 0;
    fc.assert(
      fc.property(value, (changes) => {
        try {
          readHubConfig('hf-hub:me/x', { ...timmConfig, ...(changes as object) });
          read++;
        } catch (error) {
          expect(String(error)).toMatch(/^(Type|Range)Error: (metadata of model ')?hf-hub:me\/x/);
        }
      }),
    );
    expect(read).toBeGreaterThan(0);
  });
});

describe('files of a model', () => {
  test('come back as they were, whatever the size of the images', () => {
    fc.assert(
      fc.property(fc.integer({ min: 32, max: 400 }), fc.integer({ min: 0, max: 200 }), (cropSize, more) => {
        const model = resnet18({ numClasses: 2, inputShape: [cropSize, cropSize, 3], initialWeights: 'zeros' });
        const preprocessing = {
          resizeSize: cropSize + more,
          padding: 0,
          cropSize,
          interpolation: 'bicubic' as const,
          mean: [0.1, 0.2, 0.3],
          std: [1, 2, 3],
        };
        writeMetadata(model, { preprocessing, categories: ['a', 'b'], licence: 'MIT' });
        const { config, timm } = hubModelFiles(model);
        const { cnnzoo, ...timmsPart } = config;
        const [own, theirs] = [readHubConfig('x', { ...config, cnnzoo }), readHubConfig('x', timmsPart)];
        const { padding: _, ...expected } = preprocessing;
        expect(timm).toBe(true);
        expect(theirs.preprocessing).toEqual(expected);
        expect(own).toEqual({ ...theirs, preprocessing });
        model.dispose();
      }),
      { numRuns: 3 },
    );
  });

  test('VGG has timm’s convolutions instead of dense layers, and is read again', () => {
    // The shapes of the real ones take half a gigabyte.
    const vector = (...shape: number[]) => ({
      shape,
      dtype: 'F32' as const,
      data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => i),
    });
    const dict = new Map([
      ['features.0.weight', vector(2, 3, 3, 3)],
      ['classifier.0.weight', vector(4, 2 * 49)],
      ['classifier.0.bias', vector(4)],
      ['classifier.3.weight', vector(4, 4)],
      ['classifier.6.weight', vector(2, 4)],
    ]);
    const theirs = timmStateDict(dict, 'head.fc');
    expect([...theirs].map(([key, { shape }]) => [key, shape])).toEqual([
      ['features.0.weight', [2, 3, 3, 3]],
      ['pre_logits.fc1.weight', [4, 2, 7, 7]],
      ['pre_logits.fc1.bias', [4]],
      ['pre_logits.fc2.weight', [4, 4, 1, 1]],
      ['head.fc.weight', [2, 4]],
    ]);
    const model = lenet5({ initialWeights: 'zeros' });
    const again = applyWeightRules(theirs, 'timmVgg', model);
    for (const [key, { shape, data }] of dict) expect(again.get(key)).toMatchObject({ shape, data });
    model.dispose();
  });

  test('a network that timm does not have, or not so, is for this project alone', () => {
    for (const model of [cifarResnet({ depth: 20, numClasses: 2 }), resnet18({ ...small, shortcut: 'A' })]) {
      const { config, timm } = hubModelFiles(model);
      expect(timm).toBe(false);
      expect(readHubConfig('x', config)).toMatchObject({
        architecture: model.name,
        numClasses: model.outputs[0]?.shape[1],
      });
    }
    expect(() => hubModelFiles(resnet18({ includeTop: false, inputShape: [32, 32, 3] }))).toThrow(
      /must be a classifier/,
    );
  });
});

test('a page reads a repository, too, and keeps its files in its own cache', async () => {
  // A small one: a page computes hashes without the processor's instructions for them.
  const theirs = cifarResnet({ depth: 20, numClasses: 3, seed: 3 });
  writeMetadata(theirs, { categories: ['cat', 'dog', 'frog'] });
  const { config, weights } = hubModelFiles(theirs);
  hub.put('me/page', { 'config.json': JSON.stringify(config), 'model.safetensors': weights });
  const stored = new Map<string, Response>();
  vi.stubGlobal('caches', {
    open: async () => ({
      match: async (key: string) => stored.get(key)?.clone(),
      put: async (key: string, response: Response) => void stored.set(key, response),
    }),
  });
  // Without variables of an environment, a page has the hub's own address.
  const mirror = await mirrorOf('huggingface.co', hub.endpoint);
  vi.stubGlobal('process', Object.create(process, { versions: { value: {} } }));
  try {
    const model = cifarResnet({ depth: 20, numClasses: 3, initialWeights: 'zeros' });
    await loadPretrained(model, 'hf-hub:me/page', { mirror: mirror.address });
    expect(bytes(model).equals(bytes(theirs))).toBe(true);
    expect(readMetadata(model).categories).toEqual(['cat', 'dog', 'frog']);
    expect([...stored.keys()].map((url) => url.replace(/[0-9a-f]{40}/, 'COMMIT'))).toEqual([
      'https://huggingface.co/me/page/resolve/COMMIT/config.json',
      'https://huggingface.co/me/page/resolve/COMMIT/model.safetensors',
    ]);
    await expect(loadPretrained(model, 'hf-hub:me/none', { mirror: mirror.address })).rejects.toThrow(
      /hf-hub:me\/none: .*answered 401; is it called so/,
    );
    await expect(loadPretrained(model, 'hf-hub:me/page', { offline: true })).rejects.toThrow(/needs the hub/);
  } finally {
    vi.unstubAllGlobals();
    mirror.close();
  }
});

/** A mirror of one host, which passes its paths on. */
async function mirrorOf(host: string, target: string): Promise<{ address: string; close: () => void }> {
  const server = createServer(async (request, response) => {
    const answer = await fetch(`${target}${request.url?.slice(host.length + 1)}`);
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
