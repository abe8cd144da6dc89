import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

async function bundle(code: string): Promise<Uint8Array> {
  const result = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  return result.outputFiles[0]?.contents ?? new Uint8Array();
}

test('the package without the drawing is under 15 KB minified and gzipped, and needs nothing a browser lacks', async () => {
  const all = gzipSync(await bundle(`export * from './index.js';`), { level: 9 });
  expect(all.length).toBeGreaterThan(1000);
  expect(all.length).toBeLessThan(15_000);
});

test('one function alone is far smaller', async () => {
  const one = gzipSync(await bundle(`export { convOutputSize } from './index.js';`), { level: 9 });
  expect(one.length).toBeLessThan(2_500);
});
