/** `pnpm --filter @cnnzoo/packaging run update`: the reports as the packages' builds are now. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extractions, extractReports, reportFolder } from './extract-reports.js';

const temporaryFolder = mkdtempSync(join(tmpdir(), 'cnnzoo-api-'));
const all = extractions(temporaryFolder);
extractReports(all, { update: true });
rmSync(temporaryFolder, { recursive: true });
const wanted = new Set(all.map(({ report }) => report));
for (const file of readdirSync(reportFolder)) if (!wanted.has(file)) rmSync(join(reportFolder, file));
console.log(`${all.length} reports in ${reportFolder}`);
