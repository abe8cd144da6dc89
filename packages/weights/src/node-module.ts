/**
 * A module of Node's own, such as 'fs'. Not `import('node:fs')`: bundlers for browsers would follow that and stop, although what
 * reads bytes in memory runs there, too.
 * @throws TypeError where there is no Node
 */
export async function nodeModule<Name extends keyof NodeModules>(name: Name): Promise<NodeModules[Name]> {
  if (typeof process === 'undefined' || process.versions?.node === undefined)
    throw new TypeError('paths, folders and downloads need Node; in a browser, give the bytes');
  return import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`);
}

interface NodeModules {
  readonly crypto: typeof import('node:crypto');
  readonly fs: typeof import('node:fs');
  readonly 'fs/promises': typeof import('node:fs/promises');
  readonly os: typeof import('node:os');
  readonly path: typeof import('node:path');
  readonly url: typeof import('node:url');
}
