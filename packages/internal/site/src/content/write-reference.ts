/** The reference: a page a package, from the docstrings of what it exports. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { Application, LogLevel } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import { sitePackage } from './sources.js';
import { pagesFolder } from './write-pages.js';

/** Reads the declarations of the packages, which must be built. */
export async function writeReference(): Promise<void> {
  const packages = publishedPackages();
  const options: Partial<PluginOptions> = {
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
    includeVersion: true,
    validation: false,
    logLevel: LogLevel.Error,
    ...(options as object),
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('typedoc could not read the packages: are they built?');
  for (const module of project.children ?? []) module.name = pageName(module.name);
  rmSync(join(pagesFolder, 'api'), { recursive: true, force: true });
  await app.generateOutputs(project);
}

/** `blocks/register` of `blocks/dist/register`, as typedoc names a file of declarations. */
function pageName(module: string): string {
  return module.replace(/\/dist(?=\/|$)/, '');
}
