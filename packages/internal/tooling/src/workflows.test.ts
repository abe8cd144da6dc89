/** The workflows of .github, against what an attacker who owns an action or a dependency must not get. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from './published-packages.js';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(root, '.github/workflows');
const files = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  return { name, text, workflow: parse(text) as Workflow };
});
const jobs = files.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({
    name: `${name}, ${id}`,
    job,
    permissions: job.permissions ?? workflow.permissions ?? null,
  })),
);

/** A job that may publish or change the repository: others' code must not run in it. */
function isTrusted({ job, permissions }: (typeof jobs)[number]): boolean {
  return JSON.stringify(job).includes('secrets.') || Object.values(permissions ?? {}).includes('write');
}

test.each(files)('$name pins each action by its commit, with the version behind it', ({ text }) => {
  const actions = [...text.matchAll(/uses: (.+)/g)].map(([, action = '']) => action);
  expect(actions.length).toBeGreaterThan(0);
  for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('an action has the same commit everywhere', () => {
  const actions = new Set(
    files.flatMap(({ text }) => [...text.matchAll(/uses: (.+)/g)].map(([, action = '']) => action)),
  );
  const names = [...actions].map((action) => action.split('@')[0]);
  expect(names).toEqual([...new Set(names)]);
});

test.each(jobs)('$name leaves no token in .git/config', ({ job }) => {
  const checkouts = job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
  expect(checkouts.filter((step) => step.with?.['persist-credentials'] !== false)).toEqual([]);
});

test.each(jobs)('$name says what it may do, and reads only unless it publishes', ({ permissions, job }) => {
  expect(permissions).not.toBeNull();
  if (!isTrusted({ name: '', job, permissions })) expect(Object.values(permissions ?? {})).toEqual(['read']);
});

// Whatever else is to run there: put it into the job before.
const allowedInTrustedJobs = [
  /^npm install --global --ignore-scripts npm@\d+\.\d+\.\d+$/,
  /^pnpm install --frozen-lockfile --ignore-scripts$/,
  /^pnpm run release:snapshot "\$TAG"$/,
];

test.each(jobs.filter(isTrusted))('$name runs no build, no test and no install script', ({ job }) => {
  const commands = job.steps.flatMap(({ run }) => run ?? []);
  expect(commands.filter((command) => !allowedInTrustedJobs.some((allowed) => allowed.test(command)))).toEqual([]);
});

test('some jobs publish, and some do not', () => {
  const trusted = jobs.filter(isTrusted).map(({ name }) => name);
  expect(trusted).toEqual(['release.yml, release', 'site.yml, deploy', 'snapshot.yml, snapshot']);
  expect(jobs.length).toBeGreaterThan(trusted.length);
});

test('the npm that publishes is the one that packages are tested with', () => {
  const { devDependencies } = JSON.parse(
    readFileSync(join(root, 'packages/internal/end-to-end/package.json'), 'utf8'),
  ) as { devDependencies: Record<string, string> };
  const tested = devDependencies['npm-11']?.replace('npm:', '');
  const used = files.flatMap(({ text }) => [...text.matchAll(/npm@[\w.]+/g)].map(([version]) => version));
  expect(used.length).toBeGreaterThan(0);
  expect(new Set(used)).toEqual(new Set([tested]));
});
