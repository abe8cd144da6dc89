import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extractions, extractReports, reportFolder } from './extract-reports.js';

const temporaryFolder = mkdtempSync(join(tmpdir(), 'cnnzoo-api-'));
const all = extractions(temporaryFolder);
const advice =
  'if the change is meant: pnpm build && pnpm --filter @cnnzoo/packaging run update, and commit packages/internal/packaging/reports';

beforeAll(() => extractReports(all, { update: false }));
afterAll(() => rmSync(temporaryFolder, { recursive: true }));

test.each(all)('the public types of $specifier are those in the report', ({ report }) => {
  const kept = join(reportFolder, report);
  expect(existsSync(kept), `${report} is missing; ${advice}`).toBe(true);
  expect(readFileSync(join(temporaryFolder, report), 'utf8'), advice).toBe(readFileSync(kept, 'utf8'));
});

test('no report is of an entry that is gone', () => {
  expect(readdirSync(reportFolder).sort(), advice).toEqual(all.map(({ report }) => report).sort());
});

test.each(all)('no public type of $specifier is any', ({ report }) => {
  const code = readFileSync(join(temporaryFolder, report), 'utf8').match(/^```ts\n(.*?)^```/ms)?.[1] ?? '';
  const file = ts.createSourceFile(report, code, ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push(code.split('\n')[line] ?? '');
    }
    node.forEachChild(visit);
  };
  visit(file);
  expect(code).not.toBe('');
  expect(found).toEqual([]);
});
