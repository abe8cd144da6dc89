/** `tsx compile-assembly.ts assembly/index.ts src/MODULE.ts` writes what AssemblyScript makes of a package's kernels into a module of that package. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @returns the text of the module: WebAssembly in base64 */
export function compiledAssembly(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-assembly-'));
  try {
    const require = createRequire(import.meta.url);
    const compiler = join(dirname(require.resolve('assemblyscript/package.json')), 'bin/asc.js');
    const file = join(folder, 'kernels.wasm');
    const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='];
    execFileSync(process.execPath, [compiler, source, '--outFile', file, ...options], { stdio: 'inherit' });
    const text = readFileSync(file).toString('base64');
    return `/** Made by pnpm run assembly: assembly/index.ts as WebAssembly, in base64. */\nexport const wasm =\n  '${text}';\n`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [source = '', module = ''] = process.argv.slice(2);
  writeFileSync(module, compiledAssembly(source));
}
