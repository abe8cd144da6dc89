/**
 * The commands of a fresh clone: `node packages/internal/tooling/workspace.mjs demo|test|bench|chaos|docs|docs:dev|e2e|matrix [arguments]`. Needs Node and npm and
 * nothing else: installs (with the pnpm that package.json pins, fetched by npx where the machine has another or none), builds
 * what the command needs and runs it. Plain JavaScript without imports from outside, because nothing is installed yet.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const shell = process.platform === 'win32';
process.env.TURBO_TELEMETRY_DISABLED = '1';
process.env.DO_NOT_TRACK = '1';

/** Runs pnpm, or stops this process with pnpm's exit code where it fails. */
function pnpm(...args) {
  const { status, error } = spawnSync('npx', ['--yes', packageManager, ...args], {
    cwd: root,
    stdio: 'inherit',
    shell,
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function install() {
  const installed = modified(join(root, 'node_modules/.modules.yaml'));
  const wanted = Math.max(modified(join(root, 'pnpm-lock.yaml')), modified(join(root, 'package.json')));
  if (installed < wanted) pnpm('install', '--frozen-lockfile', '--reporter=append-only');
}

/** Builds a workspace package, or those of a folder, and all it depends on. Quiet when nothing has changed. */
function build(name) {
  pnpm('exec', 'turbo', 'run', 'build', `--filter=${name}`, '--output-logs=errors-only', '--no-update-notifier');
}

/** Runs a TypeScript program with tsx, passes signals' effects on, and exits as it does. */
function run(program, args) {
  // The terminal sends Ctrl-C to the whole process group: the program handles it, this process only waits for its exit code.
  process.on('SIGINT', () => {});
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, program), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

const commands = {
  demo(args) {
    build('@cnnzoo/example-lenet-mnist');
    run('examples/lenet-mnist/src/main.ts', args);
  },
  bench(args) {
    build('@cnnzoo/bench');
    run('packages/internal/bench/src/main.ts', args);
  },
  docs(args) {
    build('./packages/*');
    run('packages/internal/site/src/main.ts', ['build', ...args]);
  },
  'docs:dev'(args) {
    build('./packages/*');
    run('packages/internal/site/src/main.ts', ['dev', ...args]);
  },
  chaos(args) {
    build('@cnnzoo/chaos^...');
    run('packages/internal/chaos/src/main.ts', args);
  },
  matrix(args) {
    build('@cnnzoo/contracts^...');
    run('packages/internal/contracts/src/engine-matrix.ts', args);
  },
  e2e(args) {
    // Everything that is published, and the site.
    pnpm('exec', 'turbo', 'run', 'build', '--output-logs=errors-only', '--no-update-notifier');
    pnpm('--filter', '@cnnzoo/site', 'run', 'docs');
    pnpm('--filter', '@cnnzoo/end-to-end', 'run', 'e2e', ...args);
  },
  test() {
    pnpm('run', 'lint');
    // Two at a time: more than cores only slow each other down.
    pnpm('exec', 'turbo', 'run', 'build', '--concurrency=2', '--no-update-notifier');
    pnpm('run', 'typecheck');
    pnpm('run', 'test:packages');
  },
};

const [name = '', ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) {
  console.error(`workspace.mjs: unknown command "${name}", expected ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
install();
commands[name](args);
