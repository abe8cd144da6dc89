/**
 * The contract of engines on every Node and every engine that can be had here, as a table:
 *
 *   node packages/internal/tooling/workspace.mjs matrix [--node 22] [--engine wasm] [--cache FOLDER]
 *
 * Nodes come from npm's package `node`, tfjs-node and tfjs-node-gpu from packages/internal/bench/tfjs-node/build.sh; both stay in the cache folder.
 * What cannot be had is skipped with a line that says why.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const contracts = fileURLToPath(new URL('..', import.meta.url));
const nodeVersions = ['20', '22', '24'];
const numberPadding = ['--skip', 'convolution padded by a number'];

/** How a kind of engine is run, or why it cannot be. */
type Preparation = { arguments: string[]; environment: Record<string, string>; folder: string } | { reason: string };

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: nodeVersions },
    engine: { type: 'string', multiple: true, default: [] },
    cache: { type: 'string', default: join(root, 'node_modules/.cache/engine-matrix') },
  },
});
const cache = resolve(values.cache);
mkdirSync(cache, { recursive: true });

/** The last line of what a command said. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function sh(command: string, args: readonly string[], environment: Record<string, string> = {}): string | null {
  const { status, stderr, error } = spawnSync(command, args, {
    cwd: cache,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    shell: process.platform === 'win32',
    timeout: 15 * 60_000,
  });
  if (error) return error.message;
  return status === 0 ? null : lastLine(stderr) || `exit code ${status}`;
}

/** The binary of a Node, or why there is none. */
function nodeBinary(version: string): { path: string } | { reason: string } {
  if (process.versions.node.split('.')[0] === version) return { path: process.execPath };
  const folder = join(cache, `node-${version}`);
  const path = join(folder, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const install = [
      'install',
      `node@${version}`,
      '--prefix',
      folder,
      '--no-audit',
      '--no-fund',
      '--foreground-scripts',
    ];
    const problem = sh('npm', install);
    if (!existsSync(path)) return { reason: `npm install node@${version}: ${problem ?? 'no binary in it'}` };
  }
  return { path };
}

function tfjsNode(name: 'tfjs-node' | 'tfjs-node-gpu'): Preparation {
  const folder = join(cache, name);
  const addon = join(folder, 'node_modules/@tensorflow', name, 'lib/napi-v8/tfjs_binding.node');
  if (!existsSync(addon)) {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      return { reason: 'its build script is for Linux on x86-64' };
    const build = join(root, 'packages/internal/bench/tfjs-node/build.sh');
    const problem = sh('bash', [build, folder], { VARIANT: name === 'tfjs-node' ? 'cpu' : 'gpu' });
    if (problem !== null) return { reason: `${name} could not be built: ${problem}` };
  }
  return {
    arguments: ['--backend', 'tensorflow', '--import', './load-engine.ts', ...numberPadding],
    environment: { CNNZOO_BACKEND: name },
    folder,
  };
}

/** A Vulkan driver that computes on the processor: Chromium's SwiftShader, or Mesa's lavapipe. */
function softwareDriver(): string | null {
  const loaders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib'].map((folder) =>
    join(folder, 'libvulkan.so.1'),
  );
  if (!loaders.some((file) => existsSync(file))) return null;
  const drivers = '/usr/share/vulkan/icd.d';
  const lavapipe = existsSync(drivers) ? readdirSync(drivers).filter((name) => name.startsWith('lvp_icd')) : [];
  const places = ['/usr/lib/chromium/vk_swiftshader_icd.json', ...lavapipe.map((name) => join(drivers, name))];
  return places.find((place) => existsSync(place)) ?? null;
}

const engines: Readonly<Record<string, () => Preparation>> = {
  'onnx-cpu': () => ({ arguments: ['--backend', 'onnx'], environment: {}, folder: contracts }),
  'onnx-webgpu': () => {
    const driver = softwareDriver();
    if (driver === null)
      return { reason: 'no software driver for Vulkan: apt-get install chromium libvulkan1 brings SwiftShader' };
    return {
      arguments: ['--backend', 'onnx', '--device', 'webgpu'],
      environment: { VK_ICD_FILENAMES: driver },
      folder: contracts,
    };
  },
  'tfjs-node': () => tfjsNode('tfjs-node'),
  'tfjs-node-gpu': () => tfjsNode('tfjs-node-gpu'),
  wasm: () => ({
    arguments: ['--backend', 'wasm', '--import', './load-engine.ts'],
    environment: { CNNZOO_BACKEND: 'wasm' },
    folder: contracts,
  }),
  cpu: () => ({ arguments: ['--backend', 'cpu'], environment: {}, folder: contracts }),
};

const program = join(contracts, 'src/run-engine-contract.ts');
// By its place, because the working directory is the app that has an engine.
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

interface Outcome {
  readonly ok: boolean;
  readonly text: string;
  readonly output: string;
}

function runContract(node: string, { arguments: args, environment, folder }: Exclude<Preparation, { reason: string }>) {
  return new Promise<Outcome>((done) => {
    const options = { cwd: folder, env: { ...process.env, ...environment }, timeout: 10 * 60_000, maxBuffer: 2 ** 26 };
    execFile(node, ['--import', tsx, program, ...args], options, (error, stdout, stderr) => {
      const found = /(\d+) passed, (\d+) failed, (\d+) skipped, worst (\S+) of \S+, (\S+) s/.exec(stdout);
      const output = `${stdout}\n${stderr}`;
      if (found === null) return done({ ok: false, text: `FAILED: ${error?.signal ?? lastLine(stderr)}`, output });
      const [, passed, failed, , worst, seconds] = found;
      const text = failed === '0' ? `${passed} ok, ${worst}, ${seconds} s` : `${failed} FAILED, ${passed} ok`;
      done({ ok: error === null && failed === '0', text, output });
    });
  });
}

const chosen = values.engine.length === 0 ? Object.keys(engines) : values.engine;
const unknown = chosen.find((name) => !Object.hasOwn(engines, name));
if (unknown !== undefined)
  throw new RangeError(`--engine is '${unknown}', expected one of ${Object.keys(engines).join(', ')}`);

const binaries = values.node.map((version) => ({ version, binary: nodeBinary(version) }));
for (const { version, binary } of binaries)
  if ('reason' in binary) console.log(`skipped: Node ${version}: ${binary.reason}`);

const rows: string[][] = [['', ...values.node.map((version) => `Node ${version}`)]];
let failed = false;
for (const name of chosen) {
  const preparation = engines[name]?.() ?? { reason: 'unknown' };
  if ('reason' in preparation) {
    console.log(`skipped: ${name}: ${preparation.reason}`);
    rows.push([name, ...values.node.map(() => 'skipped')]);
    continue;
  }
  const cells: string[] = [];
  for (const { version, binary } of binaries) {
    if ('reason' in binary) {
      cells.push('skipped');
      continue;
    }
    const { ok, text, output } = await runContract(binary.path, preparation);
    failed ||= !ok;
    console.log(`${name}, Node ${version}: ${text}`);
    if (!ok) console.log(output);
    cells.push(text);
  }
  rows.push([name, ...cells]);
}

const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
console.log('\nThe same contract on each (cases, largest deviation from tfjs’s cpu backend, time):\n');
for (const row of rows)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
process.exitCode = failed ? 1 : 0;
