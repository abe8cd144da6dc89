/** The declarations of the reports, by name: what the public functions take. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import ts from 'typescript';
import { reportFolder } from '../api/extract-reports.js';

export interface PublicFunction {
  /** What a user imports it from. */
  readonly specifier: string;
  readonly name: string;
  readonly isClass: boolean;
  readonly parameters: readonly ts.ParameterDeclaration[];
  readonly result: ts.TypeNode | undefined;
  /** Itself. */
  readonly call: (...given: readonly unknown[]) => unknown;
}

export type Declarations = ReadonlyMap<string, ts.Statement>;

/** All entries' exported functions and classes, the first signature of each, and the declarations of all of them. */
export async function readDeclarations(): Promise<{ functions: PublicFunction[]; declarations: Declarations }> {
  const declarations = new Map<string, ts.Statement>();
  const functions = new Map<string, PublicFunction>();
  for (const { specifier, module } of publishedPackages().flatMap(({ entries }) => entries)) {
    const name = specifier.replace(/^@cnnzoo\//, '').replaceAll('/', '.');
    const report = readFileSync(join(reportFolder, `${name}.api.md`), 'utf8');
    const [, text = ''] = /^```ts\n(.*?)^```$/ms.exec(report) ?? [];
    // Entries without exports do something when they are imported.
    if (!/^export (function|(abstract )?class|const) /m.test(text)) continue;
    const exports = (await import(pathToFileURL(module).href)) as Readonly<Record<string, unknown>>;
    for (const statement of ts.createSourceFile(`${name}.ts`, text, ts.ScriptTarget.ES2022, true).statements) {
      if (ts.isVariableStatement(statement)) {
        for (const { name: variable, type } of statement.declarationList.declarations)
          if (type !== undefined && ts.isFunctionTypeNode(type) && has(statement, ts.SyntaxKind.ExportKeyword))
            add(variable.getText(), type.parameters, type.type);
        continue;
      }
      const declared = (statement as { name?: ts.Identifier }).name?.text;
      if (declared === undefined) continue;
      if (!declarations.has(declared)) declarations.set(declared, statement);
      if (!has(statement, ts.SyntaxKind.ExportKeyword)) continue;
      if (ts.isFunctionDeclaration(statement)) add(declared, statement.parameters, statement.type);
      if (!ts.isClassDeclaration(statement) || has(statement, ts.SyntaxKind.AbstractKeyword)) continue;
      const made = statement.members.find(ts.isConstructorDeclaration);
      add(declared, made?.parameters ?? [], undefined, true);
    }

    function add(
      exported: string,
      parameters: readonly ts.ParameterDeclaration[],
      result: ts.TypeNode | undefined,
      isClass = false,
    ) {
      const call = exports[exported];
      // Of some classes users get the type only.
      if (functions.has(exported) || typeof call !== 'function') return;
      const callable = call as PublicFunction['call'];
      functions.set(exported, { specifier, name: exported, isClass, parameters, result, call: callable });
    }
  }
  return { functions: [...functions.values()], declarations };
}

function has(statement: ts.Statement, modifier: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(statement) && (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === modifier);
}
