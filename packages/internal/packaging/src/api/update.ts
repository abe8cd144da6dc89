/** `pnpm --filter @cnnzoo/packaging run update`: the reports as the packages' builds are now, the diagram in docs/architecture.md, and the code of the Korean pages. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import { packageDiagram, packageGraph } from '../architecture/package-graph.js';
import { copyCode } from '../documentation/korean-pages.js';
import { extractions, extractReports, reportFolder } from './extract-reports.js';

const temporaryFolder = mkdtempSync(join(tmpdir(), 'cnnzoo-api-'));
const all = extractions(temporaryFolder);
extractReports(all, { update: true });
rmSync(temporaryFolder, { recursive: true });
const wanted = new Set(all.map(({ report }) => report));
for (const file of readdirSync(reportFolder)) if (!wanted.has(file)) rmSync(join(reportFolder, file));
const page = join(root, 'docs/architecture.md');
writeFileSync(page, readFileSync(page, 'utf8').replace(packageDiagram, `\`\`\`mermaid\n${packageGraph()}\n\`\`\``));
copyCode();
console.log(`${all.length} reports in ${reportFolder}`);
