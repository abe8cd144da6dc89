/** The list of versions at the site's root, `versions.json`. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import type { SiteVersion } from './site-version.js';

/** Of all packages. */
export function packagesVersion(): string {
  const text = readFileSync(join(root, 'packages/cnnzoo/package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function readVersions(folder: string): SiteVersion[] {
  const file = join(folder, 'versions.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SiteVersion[]) : [];
}

export function writeVersions(folder: string, versions: readonly SiteVersion[]): void {
  writeFileSync(join(folder, 'versions.json'), JSON.stringify(versions));
}

/** Copies a build for `ROOT/vX.Y/` into the site that is built for `ROOT/`, and enters it in the list, newest first. */
export function placeVersion(site: string, build: string): void {
  const placed = readVersions(build)[0];
  if (placed === undefined || placed.path === '')
    throw new RangeError(`${build} must be a build whose --base ends with a version such as /v1.2/`);
  rmSync(join(site, placed.path), { recursive: true, force: true });
  cpSync(build, join(site, placed.path), { recursive: true });
  rmSync(join(site, placed.path, 'versions.json'));
  const others = readVersions(site).filter(({ path }) => path !== placed.path);
  writeVersions(site, [...others, placed].sort(newestFirst));
}

const numbers = (path: string) => [...path.matchAll(/\d+/g)].map(Number);

function newestFirst({ path: one }: SiteVersion, { path: other }: SiteVersion): number {
  if (one === '' || other === '') return one.length - other.length;
  const [[major = 0, minor = 0], [otherMajor = 0, otherMinor = 0]] = [numbers(one), numbers(other)];
  return otherMajor - major || otherMinor - minor;
}

/** The tags of the newest release of each minor version, newest first. @param tags such as `cnnzoo@1.2.0` */
export function newestTags(tags: readonly string[]): { readonly tag: string; readonly path: string }[] {
  const newest = new Map<string, { readonly name: string; readonly path: string; readonly patch: number }>();
  for (const name of tags) {
    const [, major, minor, patch] = /^cnnzoo@(\d+)\.(\d+)\.(\d+)$/.exec(name) ?? [];
    const path = `v${major}.${minor}/`;
    if (patch !== undefined && Number(patch) >= (newest.get(path)?.patch ?? 0))
      newest.set(path, { name, path, patch: Number(patch) });
  }
  return [...newest.values()].sort(newestFirst).map(({ name, path }) => ({ tag: name, path }));
}
