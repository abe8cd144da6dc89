/** Bundles an app for browsers as its author would. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import * as vite from 'vite';

export type BundlerName = 'esbuild' | 'vite';

/**
 * @param app the folder with index.html, main.ts and node_modules
 * @param target where index.html and what it needs are written
 * @throws the bundler's error where it stops, with its messages as text
 */
export async function bundleApp(bundler: BundlerName, app: string, target: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  await bundlers[bundler](app, target);
}

const bundlers: Record<BundlerName, (app: string, target: string) => Promise<void>> = {
  async esbuild(app, target) {
    await esbuild.build({
      entryPoints: [join(app, 'main.ts')],
      outfile: join(target, 'main.js'),
      bundle: true,
      minify: true,
      format: 'esm',
      logLevel: 'silent',
    });
    const page = readFileSync(join(app, 'index.html'), 'utf8');
    writeFileSync(join(target, 'index.html'), page.replace('./main.ts', './main.js'));
  },
  async vite(app, target) {
    await vite.build({
      root: app,
      configFile: false,
      base: './',
      logLevel: 'silent',
      build: { outDir: target, emptyOutDir: false, target: 'es2022' },
    });
  },
};
