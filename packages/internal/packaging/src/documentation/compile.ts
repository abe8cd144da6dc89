import { resolve } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import ts from 'typescript';

export interface Problem {
  /** Absolute path, or null where it is about the options. */
  readonly file: string | null;
  readonly line: number;
  readonly message: string;
}

/**
 * What the compiler has to say about programs, as strict as it is by default.
 * @param inPage whether they have a browser's types, too
 */
export function problems(files: readonly string[], inPage = false): Problem[] {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: inPage ? ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'] : ['lib.es2023.d.ts'],
    types: ['node'],
    // All packages, as if this one depended on each.
    paths: Object.fromEntries(
      publishedPackages().flatMap(({ entries }) => entries.map(({ specifier, types }) => [specifier, [types]])),
    ),
    typeRoots: [resolve(root, 'node_modules/@types')],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => ({
    file: file ? resolve(file.fileName) : null,
    line: file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0,
    message: ts.flattenDiagnosticMessageText(messageText, ' '),
  }));
}
