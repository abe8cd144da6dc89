/** The reference: a page a package, from the docstrings of what it exports. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import {
  Application,
  type DeclarationReflection,
  IntrinsicType,
  LogLevel,
  type ProjectReflection,
  ReflectionKind,
  type SomeType,
} from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import type { SiteVersion } from './site-version.js';
import { sitePackage } from './sources.js';
import { pagesFolder } from './write-pages.js';

/** Reads the declarations of the packages, which must be built. Each page says of which version it is. */
export async function writeReference({ name: version }: SiteVersion): Promise<void> {
  const packages = publishedPackages();
  const options: Partial<PluginOptions> = {
    entryFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useHTMLEncodedBrackets: true,
    sanitizeComments: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    classPropertiesFormat: 'table',
  };
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    router: 'module',
    entryPoints: packages.flatMap(({ entries }) => entries.map(({ types }) => types)),
    tsconfig: join(root, sitePackage, 'tsconfig.reference.json'),
    skipErrorChecking: true,
    disableSources: true,
    // What a class has of tfjs's, its documentation says.
    excludeExternals: true,
    readme: 'none',
    out: join(pagesFolder, 'api'),
    name: 'Reference',
    validation: false,
    logLevel: LogLevel.Error,
    ...(options as object),
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('typedoc could not read the packages: are they built?');
  for (const module of project.children ?? []) module.name = pageName(module.name);
  for (const each of project.getReflectionsByKind(ReflectionKind.Class) as DeclarationReflection[])
    keepOwnMembers(each, project);
  for (const each of project.getReflectionsByKind(ReflectionKind.Variable) as DeclarationReflection[]) namesOnly(each);
  rmSync(join(pagesFolder, 'api'), { recursive: true, force: true });
  await app.generateOutputs(project);
  const folder = join(pagesFolder, 'api');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  )) {
    const text = readFileSync(join(folder, file), 'utf8');
    writeFileSync(
      join(folder, file),
      `---\npageClass: reference\n---\n\n${text.replace(/^# .*$/m, (heading) => `${heading}\n\nVersion: ${version}.`)}`,
    );
  }
}

/** A class says which class it extends. Where that one is in the reference, too, its members are there, and the own ones are not lost between them. */
function keepOwnMembers(of: DeclarationReflection, project: ProjectReflection): void {
  if (!of.extendedTypes?.some((type) => type.type === 'reference' && type.reflection !== undefined)) return;
  for (const member of of.children?.slice() ?? [])
    if (member.inheritedFrom !== undefined && member.kind !== ReflectionKind.Constructor) {
      project.removeReflection(member);
      for (const group of of.groups ?? []) group.children = group.children.filter((each) => each !== member);
    }
  if (of.groups !== undefined) of.groups = of.groups.filter(({ children }) => children.length > 0);
}

/** A constant that holds objects of objects, such as the recipes: which there are. Their values would be a page of their own. */
function namesOnly({ type }: DeclarationReflection): void {
  const holdsObjects = (of: SomeType | undefined) =>
    of?.type === 'reflection' && of.declaration.children?.some((field) => field.type?.type === 'reflection');
  if (type?.type !== 'reflection') return;
  for (const field of type.declaration.children ?? [])
    if (holdsObjects(field.type)) field.type = new IntrinsicType('object');
}

/** `blocks/register` of `blocks/dist/register`, as typedoc names a file of declarations. */
function pageName(module: string): string {
  return module.replace(/\/dist(?=\/|$)/, '');
}
