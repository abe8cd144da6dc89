/**
 * One copy of tfjs. tfjs-node brings tfjs as a dependency of its own, and a package manager may put another copy of tfjs-core there
 * than the app's: kernels and gradients would then be registered twice or missed, and some checks of classes fail.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type FoundPackage, findPackage } from './find-package.js';

const ownRequire = createRequire(import.meta.url);

/** A place where tfjs-core is installed. */
export interface CopyOfTfjs extends FoundPackage {
  /** Whose it is. */
  readonly usedBy: string;
}

/** The packages that a second copy of would be loaded beside the app's. */
const shared = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-cpu'];

/** A package as another one would import it, directly or through `@tensorflow/tfjs`. */
function asSeenFrom(folder: string, name: string): FoundPackage | null {
  const union = findPackage('@tensorflow/tfjs', [folder]);
  return findPackage(name, union === null ? [folder] : [union.folder, folder]);
}

function mainFile(folder: string): string {
  return createRequire(join(folder, 'package.json')).resolve(folder);
}

/**
 * Makes an engine's own copies of tfjs's packages the app's: where they are of the same version, their modules are set to those that are
 * loaded already. Their files are not touched.
 * @param engine the package that is about to be loaded
 * @param ours folder from where the app's copies are found
 * @throws Error "two copies of tfjs-core", with their places, where the versions differ
 */
export function shareTfjs(engine: FoundPackage, ours: string): void {
  for (const name of shared) {
    const theirCopy = asSeenFrom(engine.folder, name);
    const ourCopy = findPackage(name, [ours]);
    if (theirCopy === null || ourCopy === null || theirCopy.folder === ourCopy.folder) continue;
    if (theirCopy.version !== ourCopy.version) {
      if (name !== '@tensorflow/tfjs-core') continue;
      throw new Error(
        `two copies of tfjs-core: ${engine.name} ${engine.version} uses ${theirCopy.version} in ${theirCopy.folder}, ` +
          `this app ${ourCopy.version} in ${ourCopy.folder}`,
      );
    }
    ownRequire(ourCopy.folder);
    const loaded = ownRequire.cache[mainFile(ourCopy.folder)];
    if (loaded !== undefined) ownRequire.cache[mainFile(theirCopy.folder)] = loaded;
  }
}

/** The copies of tfjs-core that this package, the app and the engines see, each place once. */
export function copiesOfTfjsCore(folders: readonly string[]): CopyOfTfjs[] {
  const copies = new Map<string, CopyOfTfjs>();
  const add = (usedBy: string, found: FoundPackage | null) => {
    if (found === null) return;
    const known = copies.get(found.folder);
    copies.set(found.folder, { ...found, usedBy: known === undefined ? usedBy : `${known.usedBy}, ${usedBy}` });
  };
  const [own, ...app] = folders;
  if (own !== undefined) add('@cnnzoo/backend-node', findPackage('@tensorflow/tfjs-core', [own]));
  add('the app', findPackage('@tensorflow/tfjs-core', app));
  const others = ['tfjs', 'tfjs-layers', 'tfjs-node-gpu', 'tfjs-node', 'tfjs-backend-wasm', 'tfjs-backend-cpu'];
  for (const name of [...others.map((other) => `@tensorflow/${other}`), '@cnnzoo/backend-onnx']) {
    const user = findPackage(name, folders);
    if (user !== null) add(name, asSeenFrom(user.folder, '@tensorflow/tfjs-core'));
  }
  return [...copies.values()];
}
