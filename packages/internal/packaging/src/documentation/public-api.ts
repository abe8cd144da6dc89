/** What the published packages export, and the comments on it. */
import { dirname, relative } from 'node:path';
import { publishedPackages, root, sourcePackages } from '@cnnzoo/tooling/published-packages';
import ts from 'typescript';

export interface PublicExport {
  /** Entry and name, such as '@cnnzoo/blocks conv2d'. */
  readonly name: string;
  /** Path below the repository's root, and line of the declaration. */
  readonly place: string;
  /** A function, or a class that is not exported as a type only: what a user calls. */
  readonly callable: boolean;
  readonly docstring: string;
  /** Programs. */
  readonly examples: readonly string[];
}

const bundled = sourcePackages();

/** The source file of an import from `containingFile`, where it is this repository's and becomes part of the package. */
function sourceOf(specifier: string, containingFile: string): ts.ResolvedModuleFull | undefined {
  const resolvedFileName = specifier.startsWith('.')
    ? `${dirname(containingFile)}/${specifier.replace(/\.js$/, '.ts')}`
    : bundled.find(({ name }) => name === specifier)?.source;
  return resolvedFileName === undefined ? undefined : { resolvedFileName, extension: ts.Extension.Ts };
}

/** Every export of every entry, in the order of the packages. What several entries export comes once. */
export function publicExports(): PublicExport[] {
  const entries = publishedPackages().flatMap((published) => published.entries);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
    noLib: true,
  };
  // Only the packages' own sources, and those that become part of them: what they import need not be read to see what they export.
  const host = ts.createCompilerHost(options, true);
  host.resolveModuleNameLiterals = (literals, containingFile) =>
    literals.map(({ text }) => ({ resolvedModule: sourceOf(text, containingFile) }));
  const program = ts.createProgram(
    entries.map(({ source }) => source),
    options,
    host,
  );
  const checker = program.getTypeChecker();
  const seen = new Set<ts.Symbol>();
  return entries.flatMap(({ specifier, source }) => {
    const file = program.getSourceFile(source);
    const module = file && checker.getSymbolAtLocation(file);
    return (module ? checker.getExportsOfModule(module) : []).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      // What another package exports is described there.
      if (symbol.declarations === undefined || seen.has(symbol)) return [];
      seen.add(symbol);
      return [describe(`${specifier} ${exported.name}`, symbol, isTypeOnly(exported), checker)];
    });
  });
}

/** `export { type Sgd } from './sgd.js'` */
function isTypeOnly(exported: ts.Symbol): boolean {
  return (
    exported.declarations?.some((node) => ts.isExportSpecifier(node) && ts.isTypeOnlyExportDeclaration(node)) ?? false
  );
}

function describe(name: string, symbol: ts.Symbol, typeOnly: boolean, checker: ts.TypeChecker): PublicExport {
  const declaration = symbol.declarations?.[0];
  const file = declaration?.getSourceFile();
  const line = file && declaration ? file.getLineAndCharacterOfPosition(declaration.getStart()).line + 1 : 0;
  return {
    name,
    place: file ? `${relative(root, file.fileName).replaceAll('\\', '/')}:${line}` : '',
    callable:
      !typeOnly && ((symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) !== 0 || isFunction(declaration)),
    docstring: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
    examples: symbol
      .getJsDocTags(checker)
      .filter((tag) => tag.name === 'example')
      .map((tag) => ts.displayPartsToString(tag.text).replace(/^```ts\n|\n```\s*$/g, '')),
  };
}

/** `const resnet18 = (options) => …`, or made by another function. */
function isFunction(declaration: ts.Declaration | undefined): boolean {
  return declaration !== undefined && ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined
    ? ts.isArrowFunction(declaration.initializer) || ts.isCallExpression(declaration.initializer)
    : false;
}
