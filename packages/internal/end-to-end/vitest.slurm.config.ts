import { defineConfig } from 'vitest/config';

/** What needs the packages of this workspace as they are built, and no registry. */
export default defineConfig({
  test: {
    include: ['src/slurm.test.ts'],
    pool: 'forks',
    // 10,000 images take minutes.
    testTimeout: 3_600_000,
    hookTimeout: 900_000,
    expect: { requireAssertions: true },
  },
});
