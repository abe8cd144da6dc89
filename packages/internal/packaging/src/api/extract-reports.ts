/** API Extractor's reports of every entry of every published package: the exported declarations, without comments. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishedPackages } from '@cnnzoo/tooling/published-packages';
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type IConfigFile,
} from '@microsoft/api-extractor';

/** Where the reports are kept. */
export const reportFolder = fileURLToPath(new URL('../../reports', import.meta.url));

export interface Extraction {
  /** What a user imports. */
  readonly specifier: string;
  /** File name in the folder of reports, such as 'blocks.register.api.md'. */
  readonly report: string;
  readonly config: ExtractorConfig;
}

/** Every entry and how its report is made. */
export function extractions(temporaryFolder: string): Extraction[] {
  return publishedPackages().flatMap(({ folder, entries }) =>
    entries.map(({ specifier, types }) => {
      const name = specifier.replace(/^@cnnzoo\//, '').replaceAll('/', '.');
      const configObject: IConfigFile = {
        projectFolder: folder,
        mainEntryPointFilePath: types,
        compiler: {
          overrideTsconfig: {
            compilerOptions: {
              target: 'ES2022',
              module: 'NodeNext',
              moduleResolution: 'NodeNext',
              lib: ['ES2023'],
              types: ['node'],
              strict: true,
              skipLibCheck: true,
            },
            files: [types],
          },
          skipLibCheck: true,
        },
        apiReport: {
          enabled: true,
          reportFileName: name,
          reportFolder,
          reportTempFolder: temporaryFolder,
          // What a signature mentions is public, be it exported or not.
          includeForgottenExports: true,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        // Types and comments have tests of their own; a report has declarations only.
        messages: {
          compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
          extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
          tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        },
      };
      const config = ExtractorConfig.prepare({
        configObject,
        configObjectFullPath: undefined,
        packageJsonFullPath: join(folder, 'package.json'),
      });
      return { specifier, report: `${name}.api.md`, config };
    }),
  );
}

/**
 * Makes all reports anew, from dist.
 * @param temporaryFolder where they are written
 * @param update whether they replace those that are kept
 */
export function extractReports(all: readonly Extraction[], { update }: { update: boolean }): void {
  const [first] = all;
  if (first === undefined) return;
  mkdirSync(reportFolder, { recursive: true });
  // One compiler for all of them: reading tfjs's types is what takes the time.
  const compilerState = CompilerState.create(first.config, {
    additionalEntryPoints: all.map(({ config }) => config.mainEntryPointFilePath),
  });
  for (const { config } of all)
    Extractor.invoke(config, {
      localBuild: update,
      compilerState,
      messageCallback: (message) => {
        if (message.logLevel !== ExtractorLogLevel.Error) message.logLevel = ExtractorLogLevel.None;
        message.handled = message.logLevel === ExtractorLogLevel.None;
      },
    });
}
