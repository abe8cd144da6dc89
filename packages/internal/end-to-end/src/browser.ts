/** A real browser without a window. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome.exe', 'msedge.exe'];
const folders = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/Applications/Google Chrome.app/Contents/MacOS',
  ...['PROGRAMFILES', 'PROGRAMFILES(X86)'].flatMap((name) => {
    const folder = process.env[name];
    return folder === undefined
      ? []
      : [join(folder, 'Google/Chrome/Application'), join(folder, 'Microsoft/Edge/Application')];
  }),
];

/**
 * The Chromium or Chrome of this machine, or the one that CNNZOO_BROWSER names; null where there is none, and a line says so.
 * @throws Error where there is none and CI is set
 */
export function findBrowser(): string | null {
  const named = process.env['CNNZOO_BROWSER'];
  if (named) return named;
  const found = folders
    .flatMap((folder) => [...names, 'Google Chrome'].map((name) => join(folder, name)))
    .find(existsSync);
  if (found !== undefined) return found;
  if (process.env['CI'])
    throw new Error('no Chromium on this machine: apt-get install chromium, or set CNNZOO_BROWSER');
  console.log('skipped: no Chromium on this machine, set CNNZOO_BROWSER to the path of one');
  return null;
}

/** It cannot outlive this process: playwright ends it with the pipe through which it is led. */
export function startBrowser(executablePath: string, args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // WebGL on the processor where there is no GPU.
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      ...args,
    ],
  });
}
