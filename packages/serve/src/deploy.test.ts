/** The files of public/deploy speak of figures, addresses and options that there are. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createServer } from './index.js';
import { fakeClassifier } from './testing/fake-classifier.js';
import { ppm } from './testing/ppm.js';

const folder = fileURLToPath(new URL('../public/deploy', import.meta.url));
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => ({ name, text: readFileSync(`${parentPath}/${name}`, 'utf8') }));

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

test('the dashboard is JSON whose panels are all different', () => {
  const dashboard = JSON.parse(files.find(({ name }) => name === 'dashboard.json')?.text ?? '') as {
    panels: { id: number; title: string; targets: { expr: string }[] }[];
  };
  expect(new Set(dashboard.panels.map(({ title }) => title)).size).toBe(dashboard.panels.length);
  for (const { targets } of dashboard.panels)
    for (const { expr } of targets) expect(expr).not.toMatch(/undefined|\{\{/);
});
