/** `tsx assembly/compile.ts` writes src/simd/module.ts, what the other files of this folder are in WebAssembly. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const module = fileURLToPath(new URL('../src/simd/module.ts', import.meta.url));

/** The text of src/simd/module.ts. */
export function compiled(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-assembly-'));
  try {
    const require = createRequire(import.meta.url);
    const compiler = join(dirname(require.resolve('assemblyscript/package.json')), 'bin/asc.js');
    const source = fileURLToPath(new URL('index.ts', import.meta.url));
    const file = join(folder, 'kernels.wasm');
    const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='];
    execFileSync(process.execPath, [compiler, source, '--outFile', file, ...options], { stdio: 'inherit' });
    const text = readFileSync(file).toString('base64');
    return `/** Made by assembly/compile.ts: assembly/index.ts as WebAssembly, in base64. */\nexport const wasm =\n  '${text}';\n`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(module, compiled());
