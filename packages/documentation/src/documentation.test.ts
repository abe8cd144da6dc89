import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';
import { root, snippets } from './snippets.js';

// Inside the package, so that the programs find the workspace's packages as those of an app.
const folder = fileURLToPath(new URL('../.snippets', import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const programs = snippets().map((snippet, i) => {
  const file = join(folder, `snippet-${i}.mts`);
  writeFileSync(file, `${snippet.code}\nexport {};\n`);
  return { ...snippet, file };
});

test('every program in the documentation compiles', () => {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const program = ts.createProgram(
    programs.map(({ file }) => file),
    options,
  );
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const place = programs.find(
      (candidate) => file && candidate.file.endsWith(file.fileName.split('/').at(-1) ?? ' '),
    )?.place;
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${place ?? 'options'}, line ${line} of the program: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
  expect(problems).toEqual([]);
});

test.each(programs.filter(({ runs }) => runs))('$place runs', async ({ file }) => {
  // Rejects where the program ends with an error.
  await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: join(folder, '..'), timeout: 60_000 });
});
