/** The specs that tfjs-core publishes, by `pnpm run conformance`: a process of its own, because they set what is global in tfjs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('the specs of tfjs-core hold, but for the known failures', () => {
  const options = { cwd: join(import.meta.dirname, '..'), encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'conformance/main.ts'], options);
  expect(status, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toMatch(/onnx/);
});
