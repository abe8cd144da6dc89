interface NodeModules {
  readonly 'node:crypto': typeof import('node:crypto');
  readonly 'node:fs': typeof import('node:fs');
  readonly 'node:fs/promises': typeof import('node:fs/promises');
  readonly 'node:os': typeof import('node:os');
  readonly 'node:path': typeof import('node:path');
  readonly 'node:url': typeof import('node:url');
}

/** Whether this program runs in Node, with files and threads, and not in a browser. */
export function runsInNode(): boolean {
  return typeof process !== 'undefined' && typeof process.versions?.node === 'string';
}

/**
 * A module of Node's own. Not by an import: bundlers for browsers would follow it and stop, although what works on bytes in memory
 * runs there, too.
 * @throws TypeError where there is no Node, or one from before July 2024
 */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  if (typeof process === 'undefined' || process.getBuiltinModule === undefined)
    throw new TypeError(
      'paths, folders, downloads, checkpoints and log files need Node 20.16, 22.3 or newer; elsewhere, give bytes',
    );
  return process.getBuiltinModule(name);
}
