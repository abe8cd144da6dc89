/** Before all tests: a registry with two releases of every package. After them: nothing is left. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startRegistry } from './registry.js';
import { release } from './release.js';

declare module 'vitest' {
  interface ProvidedContext {
    registry: string;
    /** An empty folder outside the workspace, gone after the tests. */
    folder: string;
    /** The version with the tag "previous". */
    previousVersion: string;
    /** The version with the tag "snapshot". */
    version: string;
    packages: string[];
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-end-to-end-'));
  const registry = await startRegistry(join(folder, 'registry'));
  const teardown = async () => {
    await registry.stop();
    // Removing takes 10 s and more. A process that did nothing else meanwhile would not see that the tests' processes have ended, and vitest would
    // report that they have not.
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const from = Date.now();
    const releases = ['previous', 'snapshot'].map((tag) =>
      release({ folder: join(folder, tag), registry: registry.url, tag }),
    );
    // Both have ended before the teardown below removes what they read.
    const [previous, snapshot] = (await Promise.allSettled(releases)).map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
    if (previous === undefined || snapshot === undefined) throw new Error('unreachable: two releases were made');
    const { version, packages } = snapshot;
    console.log(
      `${packages.length} packages published twice in ${Math.round((Date.now() - from) / 1000)} s: ${version}`,
    );
    project.provide('registry', registry.url);
    project.provide('folder', folder);
    project.provide('previousVersion', previous.version);
    project.provide('version', version);
    project.provide('packages', [...packages]);
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}
