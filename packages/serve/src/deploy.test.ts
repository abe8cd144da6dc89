/** The files of public/deploy speak of figures, addresses and options that there are. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import kubernetes from './fixtures/kubernetes.json' with { type: 'json' };
import { createServer } from './index.js';
import { fakeClassifier } from './testing/fake-classifier.js';
import { ppm } from './testing/ppm.js';

const folder = fileURLToPath(new URL('../public/deploy', import.meta.url));
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => ({ name, text: readFileSync(`${parentPath}/${name}`, 'utf8') }));

const textOf = (name: string) => files.find((file) => file.name === name)?.text ?? '';

test('each figure and address that they name is the server’s', async () => {
  const server = await createServer({
    models: [{ name: 'colours', classifier: fakeClassifier() }],
    formats: ['PPM'],
    log: false,
    drainGrace: 0,
  });
  // Figures of requests are there when there was one.
  await server.app.inject({ method: 'POST', url: '/classify', payload: ppm([1, 2, 3]) });
  const figures = (await server.app.inject('/metrics')).payload;
  // The decoder that has just read an image is a process of tens of megabytes.
  expect(Number(/^cnnzoo_workers_resident_memory_bytes (\d+)/m.exec(figures)?.[1])).toBeGreaterThan(1e7);
  const named = files.flatMap(
    ({ text }) => text.match(/\b(?:cnnzoo_[a-z_]+|nodejs_[a-z0-9_]+|process_[a-z_]+)\b/g) ?? [],
  );
  // The mean is what the adapter makes of the sum and the count.
  const unknown = new Set(named.filter((name) => !figures.includes(name) && name !== 'cnnzoo_queue_seconds_mean'));
  const paths = new Set(files.flatMap(({ text }) => text.match(/\/v2\/[a-z/]+|\/metrics\b/g) ?? []));
  const answers = await Promise.all([...paths].map(async (url) => (await server.app.inject(url)).statusCode));
  await server.close();
  expect(named.length).toBeGreaterThan(10);
  expect([...unknown]).toEqual([]);
  expect(paths.size).toBeGreaterThan(2);
  expect(answers).toEqual(answers.map(() => 200));
});

test('the manifests are what Kubernetes takes: its published schemas, which refuse fields that there are not', () => {
  // Formats such as int32 say how a number is kept.
  const isObject = new Ajv2020({ strict: false, validateFormats: false }).compile(kubernetes);
  const documents = parseAllDocuments(textOf('serve.yaml')).map(
    (document) => document.toJS() as Readonly<Record<string, unknown>>,
  );
  expect(documents.map((document) => document['kind'])).toEqual([
    'Deployment',
    'Service',
    'PodDisruptionBudget',
    'HorizontalPodAutoscaler',
  ]);
  for (const document of documents) expect(isObject(document), JSON.stringify(isObject.errors)).toBe(true);
  expect(isObject({ ...documents.find((document) => document['kind'] === 'Service'), specs: {} })).toBe(false);
});

test('what is YAML can be read, and the parts of the composition find each other', () => {
  const read = (name: string) => {
    const [document] = parseAllDocuments(textOf(name));
    expect(document?.errors, name).toEqual([]);
    return document?.toJS() as Record<string, object>;
  };
  const { services } = read('compose.yaml');
  const { scrape_configs: scraped } = read('prometheus.yml');
  expect(Object.keys(services ?? {})).toEqual(expect.arrayContaining(['serve', 'prometheus', 'grafana']));
  expect(scraped).toMatchObject([{ job_name: 'cnnzoo', static_configs: [{ targets: ['serve:8000'] }] }]);
  expect(read('prometheus.yaml')).toMatchObject({
    datasources: [{ type: 'prometheus', url: 'http://prometheus:9090' }],
  });
  for (const name of ['cnnzoo.yaml', 'prometheus-adapter.yaml']) expect(read(name)).toBeTypeOf('object');
});

test('the dashboard is one that Grafana draws: panels that differ, side by side, each with queries of the data source', () => {
  const { panels } = JSON.parse(textOf('dashboard.json')) as { panels: Panel[] };
  for (const name of ['id', 'title'] as const)
    expect(new Set(panels.map((panel) => panel[name])).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const {
    type,
    title,
    datasource,
    gridPos: { x, y, w, h },
    targets,
  } of panels) {
    expect(['timeseries', 'stat', 'gauge'], title).toContain(type);
    expect(datasource).toEqual({ type: 'prometheus', uid: expect.stringMatching(/^\$\{datasource\}$/) });
    expect(x + w).toBeLessThanOrEqual(24);
    for (let place = 0; place < w * h; place++) taken.add(`${x + (place % w)} ${y + Math.floor(place / w)}`);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    for (const { expr } of targets) expect(expr).not.toMatch(/undefined|\{\{/);
  }
  expect(taken.size).toBe(panels.reduce((area, { gridPos: { w, h } }) => area + w * h, 0));
});

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly refId: string; readonly expr: string }[];
}
