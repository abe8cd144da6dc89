/** Vitest's setup of each test file: its tests run in their package's folder, as `pnpm test` there runs them. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';

let folder = dirname(expect.getState().testPath ?? process.cwd());
while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
process.chdir(folder);
