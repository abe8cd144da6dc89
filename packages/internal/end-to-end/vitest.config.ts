import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    globalSetup: 'src/published-registry.ts',
    // Each file installs and runs in folders of its own; more files at once than cores only slow each other down.
    pool: 'forks',
    maxWorkers: 2,
    // Installs wait for a network. No test is about speed: the limits only end what hangs, later than what a test has started is ended.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // A test that ends without an assertion fails.
    expect: { requireAssertions: true },
  },
});
