/** `cnnzoo serve` of an app, and its page in a browser. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Browser } from 'playwright-core';

/** Starts the command in an app's folder. */
export async function startServing(program: string, folder: string, ...words: readonly string[]) {
  const child = spawn(process.execPath, [program, 'serve', ...words, '--port', '0', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  let text = '';
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const [, found] = /"address":"([^"]+)"/.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
    closed.then(() => reject(new Error(`cnnzoo serve has ended: ${text}`)), reject);
  });
  return {
    address,
    /** @returns the exit code */
    async stop() {
      child.kill('SIGTERM');
      const [code] = await closed;
      return code;
    },
  };
}

/** What a person sees who opens the page, drops an image and then something else, at night and on a phone. */
export async function lookAtPage(browser: Browser, address: string, image: string) {
  const page = await browser.newPage();
  page.setDefaultTimeout(400_000);
  const [errors, elsewhere]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(address) && !/^(blob|data):/.test(request.url())) elsewhere.push(request.url());
  });
  await page.goto(address);
  await page.locator('#model option').first().waitFor({ state: 'attached' });
  await page.setInputFiles('#file', image);
  await page.locator('#classes li').first().waitFor();
  const classes = await page
    .locator('#classes meter')
    .evaluateAll((bars) => bars.map((bar) => [bar.getAttribute('aria-label'), (bar as { value?: unknown }).value]));
  const times = await page.locator('#times dd').allTextContents();
  // As text: what it speaks of is in the page only.
  const drawn = () => page.evaluate("document.getElementById('image').toDataURL()");
  const withMap = await drawn();
  await page.uncheck('#map');
  const withoutMap = await drawn();
  await page.locator('#metrics div', { hasText: 'images predicted1' }).waitFor();
  const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const [light, dark] = [await background(), await page.emulateMedia({ colorScheme: 'dark' }).then(background)];
  await page.setViewportSize({ width: 390, height: 844 });
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  await page.setInputFiles('#file', { name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no image') });
  await page.locator('#error:not([hidden])').waitFor();
  const error = await page.locator('#error').textContent();
  await page.close();
  return { classes, times, mapIsSeen: withMap !== withoutMap, light, dark, overflow, error, errors, elsewhere };
}
