/**
 * `pnpm release:snapshot [TAG]`: publishes what `pnpm build` has built as VERSION-TAG-TIME under the dist-tag TAG, "snapshot" where none
 * is given, and leaves package.json files and changelogs as they were. It builds nothing, so that the job that holds the right to publish
 * runs no build tool.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const tag = process.argv[2] ?? 'snapshot';
if (!/^[a-z][a-z0-9-]*$/.test(tag) || tag === 'latest') {
  console.error(`the tag is "${tag}", expected a word such as snapshot, and not latest`);
  process.exit(2);
}
const step = (program, ...args) =>
  execFileSync(program, args, { stdio: 'inherit', shell: process.platform === 'win32' });

// What changesets rewrites is put back afterwards, so nothing else may have changed there.
if (execFileSync('git', ['status', '--porcelain', '--untracked-files=no'], { encoding: 'utf8' }) !== '') {
  console.error('there are changes that are not committed: commit them first');
  process.exit(2);
}
const unbuilt = readdirSync('packages').filter(
  (name) => existsSync(`packages/${name}/package.json`) && !existsSync(`packages/${name}/dist`),
);
if (unbuilt.length > 0) {
  console.error(`packages/${unbuilt[0]} is not built: pnpm build first`);
  process.exit(2);
}
try {
  step('pnpm', 'exec', 'changeset', 'version', '--snapshot', tag);
  step('pnpm', 'exec', 'changeset', 'publish', '--tag', tag, '--no-git-tag');
} finally {
  step('git', 'checkout', '--', '.changeset', 'packages', 'examples');
  step('git', 'clean', '--quiet', '--force', '--', 'packages/*/CHANGELOG.md');
}
