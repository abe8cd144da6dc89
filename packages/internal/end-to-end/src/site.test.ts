/** The site's live pages in a browser, from the files that `npm run docs` has written. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, siteCanBeOpened } from './opened-site.js';

const livePages = ['shapes', 'label-smoothing', 'receptive-field', 'draw-a-digit', 'drop-a-picture', 'train-lenet'];

describe.skipIf(!siteCanBeOpened)('the site', () => {
  let site: Awaited<ReturnType<typeof openSite>>;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  test('the calculator follows what is typed, keeps it in the address and opens from there', async () => {
    const { page, url } = site;
    await page.goto(`${url}live/shapes.html`);
    const totals = page.locator('.totals');
    await totals.locator('dd', { hasText: '61,706' }).waitFor();
    await page.fill('#layers', 'conv 3/8 conv 3/8');
    await page.fill('#input-shape', '32x32x3');
    expect(await totals.textContent()).toContain('28x28x8');
    expect(await totals.textContent()).toContain('5x5');
    const address = page.url();
    await page.fill('#layers', 'conv 3/8 pol 2');
    expect(await page.locator('#shape-error').textContent()).toContain('did you mean pool?');
    await page.selectOption('#preset', 'VGG-16, table 1 D');
    expect(await totals.textContent()).toContain('138,357,544');
    await page.goto('about:blank');
    await page.goto(address);
    await totals.locator('dd', { hasText: '28x28x8' }).waitFor();
    expect(await page.inputValue('#layers')).toBe('conv 3/8 conv 3/8');
  });

  test('the sliders show what the lecture says', async () => {
    const { page, url } = site;
    await page.goto(`${url}live/label-smoothing.html`);
    await page.locator('#smoothed').waitFor();
    expect(await page.locator('.live-page table').textContent()).toMatch(/0\.8125.*0\.0625/);
    await page.goto(`${url}live/receptive-field.html`);
    expect(await page.locator('#field').textContent()).toContain('see 7x7');
    await page.locator('.slider input').first().fill('2');
    expect(await page.locator('#field').textContent()).toContain('see 5x5');
  });

  test.each(livePages)('%s loads under 300 kB compressed', async (name) => {
    const fresh = await site.browser.newPage();
    const sizes: Promise<number>[] = [];
    fresh.on('response', (response) => {
      // What is compressed already stays as it is.
      const packed = /\.(?:woff2|png)$/.test(response.url());
      sizes.push(response.body().then((body) => (packed ? body : gzipSync(body)).length));
    });
    await fresh.goto(`${site.url}live/${name}.html`, { waitUntil: 'networkidle' });
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    console.log(`live/${name}.html: ${total} bytes compressed`);
    expect(total).toBeLessThan(300_000);
    await fresh.close();
  });

  test('a phone shows no page wider than itself, and nothing comes from elsewhere', async () => {
    const { page, url, elsewhere, errors } = site;
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of [
      '',
      'overview.html',
      ...livePages.map((name) => `live/${name}.html`),
      'networks/vgg.html',
      'api/blocks.html',
    ]) {
      await page.goto(url + path);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), path).toBeLessThanOrEqual(0);
    }
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  });
});
