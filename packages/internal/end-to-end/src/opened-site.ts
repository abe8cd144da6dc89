/** The site that `npm run docs` has written, in a browser. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import { findBrowser, startBrowser } from './browser.js';
import { serveFolder } from './serve-folder.js';

const executable = findBrowser();
const site = join(root, 'packages/internal/site/dist');
const built = existsSync(join(site, 'index.html'));
if (!built && process.env['CI']) throw new Error('the site is not built: npm run docs');

export const siteCanBeOpened = executable !== null && built;

/** Serves the site and opens a page. */
export async function openSite() {
  const server = await serveFolder(site);
  const browser = await startBrowser(executable ?? '');
  const page = await browser.newPage();
  /** What the page asked of other hosts, and what its scripts threw. */
  const [elsewhere, errors]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url())) elsewhere.push(request.url());
  });
  return {
    url: server.url,
    browser,
    page,
    elsewhere,
    errors,
    async close() {
      await browser.close();
      await server.stop();
    },
  };
}
