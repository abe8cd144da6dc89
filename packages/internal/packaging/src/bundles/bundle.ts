import { gzipSync } from 'node:zlib';
import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

export interface Bundle {
  readonly code: string;
  /** Bytes, gzipped at level 9. */
  readonly gzipped: number;
  /** The files that ended up in it and how many bytes of each, and what it imports. */
  readonly metafile: Metafile;
}

const published = publishedPackages();

/**
 * Packages that are not ours stay imports: tfjs must be one copy, onnxruntime is native code, and nobody's size but ours is asked. Ours are
 * found in their own folders, where a package may import itself: this one need not depend on each.
 */
const outsideStaysOutside: Plugin = {
  name: 'outside-stays-outside',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, pluginData }) => {
      if (kind === 'entry-point' || pluginData === 'found') return undefined;
      const own = published.find(({ name }) => path === name || path.startsWith(`${name}/`));
      if (own === undefined) return { path, external: true };
      return await resolve(path, { kind, resolveDir: own.folder, pluginData: 'found' });
    });
  },
};

/**
 * What an app's bundler makes of a program: one minified ES module, in which outside packages stay imports.
 * @param program its code, whose imports resolve as in this package, or its file
 */
export async function bundle(program: string | { file: string }, options: BuildOptions = {}): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...(typeof program === 'string'
      ? { stdin: { contents: program, resolveDir: import.meta.dirname } }
      : { entryPoints: [program.file] }),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // An app's build shows these; some are the subject of a test here.
    logOverride: { 'ignored-bare-import': 'silent' },
    plugins: [outsideStaysOutside],
    ...options,
    write: false,
    metafile: true,
  });
  const file = outputFiles[0];
  if (file === undefined) throw new Error('esbuild wrote no file');
  return { code: file.text, gzipped: gzipSync(file.contents, { level: 9 }).length, metafile };
}

/** The npm packages whose code is in a bundle, sorted. */
export function packagesIn({ metafile }: Bundle): string[] {
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
  return [...new Set(files.map(packageOf))].filter((name) => name !== '').sort();
}

/** Of '…/node_modules/@cnnzoo/x/dist/…', or, links being followed, of '…/packages/x/dist/…'. */
function packageOf(path: string): string {
  const installed = path
    .split('node_modules/')
    .at(-1)
    ?.match(/^(@[^/]+\/[^/]+|[^/]+)\//);
  if (path.includes('node_modules/')) return installed?.[1] ?? '';
  const own = path.match(/(?:^|\/)([^/]+)\/dist\//);
  return own?.[1] === undefined ? '' : own[1] === 'cnnzoo' ? 'cnnzoo' : `@cnnzoo/${own[1]}`;
}
