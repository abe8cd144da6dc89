/** The package.json of the package that is made. */

/** What differs from package to package. */
export interface Manifest {
  readonly packageName: string;
  readonly fileName: string;
  readonly license: string;
  readonly author: string;
  readonly repository: string | null;
  /** Of cnnzoo's packages: those of one release belong together. */
  readonly cnnzooVersion: string;
}

/** What it tests and builds with. A test compares these with what the workspace uses. */
export const tools = {
  '@tensorflow/tfjs-backend-cpu': '^4.22.0',
  '@tensorflow/tfjs-core': '^4.22.0',
  '@tensorflow/tfjs-layers': '^4.22.0',
  '@types/node': '^20.19.43',
  typescript: '^6.0.3',
  vitest: '^4.1.12',
};

const { '@tensorflow/tfjs-core': core, '@tensorflow/tfjs-layers': layers } = tools;

/** Its text. */
export function packageJson({ packageName, fileName, license, author, repository, cnnzooVersion }: Manifest): string {
  const cnnzoo = `^${cnnzooVersion}`;
  const manifest = {
    name: packageName,
    version: '0.1.0',
    description: 'A convolutional network for TensorFlow.js',
    license,
    author,
    type: 'module',
    // npm refuses provenance where this is another repository than the workflow's.
    ...(repository === null ? {} : { repository: { type: 'git', url: `git+https://github.com/${repository}.git` } }),
    keywords: ['cnn', 'cnnzoo', 'image-classification', 'tensorflow.js'],
    engines: { node: '^20.16.0 || >=22.3.0' },
    sideEffects: false,
    files: ['dist', 'CHANGELOG.md'],
    exports: { '.': { types: `./dist/${fileName}.d.ts`, default: `./dist/${fileName}.js` } },
    scripts: {
      build: 'tsc -p tsconfig.build.json',
      test: 'tsc && vitest run',
      prepack: 'npm run build',
    },
    dependencies: { '@cnnzoo/blocks': cnnzoo },
    // Peers: an app must have one copy of tfjs.
    peerDependencies: { '@tensorflow/tfjs-core': core, '@tensorflow/tfjs-layers': layers },
    devDependencies: { '@cnnzoo/weights': cnnzoo, ...tools },
    publishConfig: { access: 'public' },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
