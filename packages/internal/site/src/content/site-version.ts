/** Which version a build of the site is of. The pages ask it in the browser, too. */

/** An entry of `versions.json`, which is at the site's root. */
export interface SiteVersion {
  readonly name: string;
  /** Below the site's root: `v1.2/`, or nothing for the main branch. */
  readonly path: string;
}

/**
 * What a build for a base calls itself.
 * @param version of all packages, which the main branch has left behind
 * @param base `/cnnzoo/v1.2/` of a release, `/cnnzoo/` of the main branch
 */
export function siteVersion(version: string, base: string): SiteVersion {
  const path = /\/(v\d+\.\d+\/)$/.exec(base)?.[1];
  if (path !== undefined) return { name: version, path };
  return { name: `main, ${version === '0.0.0' ? 'unreleased' : `after ${version}`}`, path: '' };
}
