/** The reference: a page a package, from the docstrings of what it exports. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { Application, LogLevel } from 'typedoc';
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
  };
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    router: 'module',
    entryPoints: packages.flatMap(({ entries }) => entries.map(({ types }) => types)),
    tsconfig: join(root, sitePackage, 'tsconfig.reference.json'),
    skipErrorChecking: true,
    disableSources: true,
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
  rmSync(join(pagesFolder, 'api'), { recursive: true, force: true });
  await app.generateOutputs(project);
  const folder = join(pagesFolder, 'api');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  )) {
    // The fields of a type without a table have headings two levels below what they are fields of.
    const text = readFileSync(join(folder, file), 'utf8').replaceAll(/^#{6} /gm, '##### ');
    writeFileSync(
      join(folder, file),
      `---\npageClass: reference\n---\n\n${text.replace(/^# .*$/m, (heading) => `${heading}\n\nVersion: ${version}.`)}`,
    );
  }
}

/** `blocks/register` of `blocks/dist/register`, as typedoc names a file of declarations. */
function pageName(module: string): string {
  return module.replace(/\/dist(?=\/|$)/, '');
}
