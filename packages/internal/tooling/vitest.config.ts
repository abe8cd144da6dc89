import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: process.cwd(),
    include: ['src/**/*.test.ts'],
    globalSetup: join(import.meta.dirname, 'src/build-before-tests.ts'),
    // Native addons (onnxruntime-node, sharp) are not safe in worker threads that come and go.
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    // Of the engine, in programs that tests start, too: test files run side by side, and a second thread of each would only wait, and use its
    // processor for that.
    // What somebody has tuned on this machine would round otherwise: there is no such folder.
    env: { CNNZOO_THREADS: '1', CNNZOO_TUNING: join(import.meta.dirname, 'untuned') },
    setupFiles: join(import.meta.dirname, 'src/forget-engine.ts'),
    // Only what hangs is to fail by its time: a busy machine may take ten times as long as an idle one.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    passWithNoTests: true,
    // A test that ends without an assertion fails.
    expect: { requireAssertions: true },
  },
});
