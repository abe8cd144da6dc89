/**
 * `npm test`, once everything is built: the tests of all packages that have changed, in one vitest. It transforms for all of them, and its two
 * processes run tests until the last file is done, whichever package that is of. A package has changed where turbo's hash of its
 * task `test` is another one than when its tests last passed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, startVitest, type TestSpecification } from 'vitest/node';
import config from '../vitest.config.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** Those whose tests take longest, longest first: so both processes have work until the end. */
const slow = [
  '@cnnzoo/contracts',
  'cnnzoo',
  '@cnnzoo/backend-onnx',
  '@cnnzoo/weights',
  '@cnnzoo/packaging',
  '@cnnzoo/evaluate',
  '@cnnzoo/data',
  '@cnnzoo/backend-node',
  '@cnnzoo/vgg',
  '@cnnzoo/train',
  '@cnnzoo/resnet',
  '@cnnzoo/example-lenet-mnist',
  '@cnnzoo/googlenet',
  '@cnnzoo/alexnet',
];

/** Package by package, because a process that changes to another package starts anew; within one as vitest has it, longest first. */
class PackageByPackage extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const names = [...new Set([...slow, ...sorted.map(({ project: { name } }) => name)])];
    return names.flatMap((name) => sorted.filter(({ project }) => project.name === name));
  }
}

interface TurboTask {
  readonly package: string;
  /** From the root. */
  readonly directory: string;
  readonly hash: string;
  /** What package.json says; '<NONEXISTENT>' where it has no such script. */
  readonly command: string;
}

function testTasks(): TurboTask[] {
  const turbo = createRequire(import.meta.url).resolve('turbo/bin/turbo');
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
  const plan = execFileSync(process.execPath, [turbo, 'run', 'test', '--dry=json', '--no-update-notifier'], options);
  const { tasks } = JSON.parse(plan) as { readonly tasks: readonly TurboTask[] };
  return tasks.filter(({ command }) => command.startsWith('vitest run'));
}

const record = join(root, 'node_modules/.cache/cnnzoo/passed-tests.json');
const passed: Record<string, string> = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : {};
const changed = testTasks().filter(({ package: name, hash }) => passed[name] !== hash);
if (changed.length === 0) {
  console.log('All tests have passed since the last change.');
  process.exit();
}

// Vitest takes what is given for all as if it had been typed, before what a project says: whether files share a process is the project's.
const { setupFiles = [], isolate: _, ...shared } = config.test ?? {};
const vitest = await startVitest('test', [], {
  ...shared,
  config: false,
  root,
  watch: false,
  globalSetup: [],
  sequence: { sequencer: PackageByPackage },
  projects: changed.map(({ package: name, directory, command }) => ({
    test: {
      ...shared,
      name,
      root: join(root, directory),
      globalSetup: [],
      setupFiles: [join(import.meta.dirname, 'in-package-folder.ts'), ...[setupFiles].flat()],
      isolate: command.includes('--isolate'),
    },
  })),
});
const failed = new Set(
  vitest.state
    .getTestModules()
    .filter((module) => !module.ok())
    .map(({ project: { name } }) => name),
);
if (vitest.state.getUnhandledErrors().length === 0) {
  for (const { package: name, hash } of changed) if (!failed.has(name)) passed[name] = hash;
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, JSON.stringify(passed));
}
await vitest.close();
