import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Bundles tfjs-core's specs with the backend's source: the published specs are ES modules with imports that Node does not resolve.
 * @returns the path of an ES module that registers all specs with the global `jasmine` when it is imported
 */
export async function bundleSpecs(): Promise<string> {
  const bundle = path('dist/specs.mjs');
  await build({
    entryPoints: [path('specs-entry.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    // tfjs-core's "sideEffects" does not list its specs.
    ignoreAnnotations: true,
    external: ['onnxruntime-node', 'onnxruntime-common', 'protobufjs'],
    logLevel: 'error',
    // The CommonJS modules in the bundle call require. Modules of the engine import createRequire by its own name.
    banner: {
      js: "import * as nodeModule from 'node:module';\nconst require = nodeModule.createRequire(import.meta.url);",
    },
    plugins: [
      {
        // The specs bring no jasmine-core; they get the one that runs them.
        name: 'running-jasmine',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^jasmine-core\// }, (args) => ({ path: args.path, namespace: 'running-jasmine' }));
          onLoad({ filter: /.*/, namespace: 'running-jasmine' }, () => ({
            contents: 'module.exports = { core: () => globalThis.jasmine };',
          }));
        },
      },
    ],
  });
  return bundle;
}
