/** The site of each released minor version, below the site of the main branch. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import { sitePackage } from './sources.js';
import { newestTags, placeVersion } from './versions.js';

/** What has been built once: a tag does not change. */
const kept = join(root, sitePackage, '.versions');

const git = (...words: readonly string[]) => execFileSync('git', words, { cwd: root, encoding: 'utf8' });

/**
 * Builds each from its tag, as that tag's own `npm run docs` does, and places it into the site.
 * @param site the built site of the main branch
 * @param base of the main branch's site
 */
export function addOlderVersions(site: string, base: string): void {
  for (const { tag, path } of newestTags(git('tag', '--list', 'cnnzoo@*').split('\n'))) {
    const build = join(kept, tag, base.replaceAll('/', '_'));
    if (!existsSync(build)) buildTag(tag, `${base}${path}`, build);
    placeVersion(site, build);
  }
}

function buildTag(tag: string, base: string, target: string): void {
  const clone = join(kept, 'clone');
  rmSync(clone, { recursive: true, force: true });
  mkdirSync(kept, { recursive: true });
  git('clone', '--quiet', '--branch', tag, '--depth', '1', `file://${root}`, clone);
  execFileSync('npm', ['run', 'docs', '--', '--base', base], {
    cwd: clone,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  cpSync(join(clone, sitePackage, 'dist'), target, { recursive: true });
  rmSync(clone, { recursive: true });
}
