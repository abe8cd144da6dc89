/**
 * Vitest's global setup: before the tests that `pnpm test` runs in a package, builds the package and all that it depends on, as far as
 * something has changed. The tests import other packages as users do, from `dist`.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

export default function buildBeforeTests(): void {
  const { npm_lifecycle_event: script, npm_package_name: name, TURBO_HASH: turboTask } = process.env;
  // Turbo has built already what the tests that it starts need.
  if (script !== 'test' || name === undefined || turboTask !== undefined) return;
  const turbo = createRequire(import.meta.url).resolve('turbo/bin/turbo');
  const options = [`--filter=${name}`, '--output-logs=errors-only', '--no-update-notifier'];
  const { status, error } = spawnSync(process.execPath, [turbo, 'run', 'build', ...options], { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} or a package it depends on does not build`);
}
