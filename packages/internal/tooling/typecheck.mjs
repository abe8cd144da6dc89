/**
 * `pnpm typecheck` at the top: the types of every package and example, which must be built. One program for all of them reads tfjs's types once, and
 * takes a tenth of the processor time of as many compilers. The three that have other options are programs of their own.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

for (const project of ['.', 'packages/backend-onnx/conformance', 'examples/browser', 'packages/internal/site']) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
