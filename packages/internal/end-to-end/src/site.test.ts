/** The site's live pages in a browser, from the files that `npm run docs` has written. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, siteCanBeOpened } from './opened-site.js';

const livePages = [
  'shapes',
  'label-smoothing',
  'receptive-field',
  'draw-a-digit',
  'drop-a-picture',
  'train-lenet',
  'composer',
];

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
    await page.waitForURL(/layers=conv\+3%2F8\+conv\+3%2F8&input=32x32x3$/);
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

  test('the composer follows its parts, writes the TypeScript, keeps the network in the address and opens from there', async () => {
    const { page, url } = site;
    await page.goto(`${url}live/composer.html`);
    const [totals, code] = [page.locator('#totals'), page.locator('#typescript')];
    await page.selectOption('#preset', 'ResNet-50');
    // As torchvision counts.
    expect(await totals.textContent()).toContain('25,557,032 parameters');
    await page.selectOption('#preset', 'LeNet-5');
    expect(await totals.textContent()).toContain('61,706 parameters');
    await page.getByLabel('filters of part 1, conv').fill('12');
    expect(await page.locator('.parts .result').first().textContent()).toBe('28x28x12, 312 parameters');
    expect(await code.textContent()).toContain(
      "conv2d({ name: 'conv1', filters: 12, kernelSize: 5, stride: 1, padding: 0 }), // 28x28x12",
    );
    await page.getByLabel('remove part 2, relu').click();
    await page.selectOption('#kind', 'dropout');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    expect(await code.textContent()).toContain("dropout({ name: 'dropout1', rate: 0.5 })");
    await page.getByLabel('raise part 12, dropout').click();
    await page.waitForURL(/dropout%3A50\+linear%3A10$/);
    const address = page.url();
    const program = await code.textContent();
    // A convolution cannot come after the flatten, and the page says so.
    await page.selectOption('#kind', 'conv');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.locator('.live-page .error', { hasText: 'conv3' }).waitFor();
    expect(await code.textContent()).toBe('');
    await page.goto('about:blank');
    await page.goto(address);
    await totals.filter({ hasText: 'parameters' }).waitFor();
    expect(await code.textContent()).toBe(program);
  });

  test('what is typed is answered', async () => {
    const { page, url } = site;
    const arrows = Array(30).fill('ArrowRight');
    const typed = [...' relu conv 3/64 padding 1 relu'];
    const pages = {
      'a page with a text field only': { field: page.locator('textarea'), keys: typed },
      shapes: { field: page.locator('#layers'), preset: 'VGG-16, table 1 D', keys: typed },
      composer: {
        field: page.getByLabel('width of part 2, bottleneck'),
        preset: 'ResNet-50',
        keys: Array(8).fill(['1', 'Backspace', '2', 'Backspace']).flat(),
      },
      'label-smoothing': { field: page.locator('.slider input').first(), keys: arrows },
      'receptive-field': { field: page.locator('.slider input').first(), keys: arrows },
    };
    const figures: string[] = [];
    for (const [name, { field, keys, ...more }] of Object.entries(pages)) {
      if (name.includes(' ')) await page.setContent('<textarea></textarea>');
      else await page.goto(`${url}live/${name}.html`);
      if ('preset' in more) await page.selectOption('#preset', more.preset);
      await field.waitFor();
      // From the key to what is drawn after it: of each key the longest of its events.
      await page.evaluate(`globalThis.keys = new Map();
        new PerformanceObserver((list) => {
          for (const { interactionId, duration } of list.getEntries())
            if (interactionId > 0) keys.set(interactionId, Math.max(duration, keys.get(interactionId) ?? 0));
        }).observe({ type: 'event', durationThreshold: 16 });`);
      await field.focus();
      for (const key of keys) {
        await page.keyboard.press(key, { delay: 20 });
        // As a fast typist: ten keys a second.
        await page.waitForTimeout(80);
      }
      await page.waitForTimeout(200);
      const slow = await page.evaluate<number[]>('[...keys.values()]');
      // The browser reports none under 16 ms, and each in steps of 8.
      const all = [...Array(Math.max(0, keys.length - slow.length)).fill(8), ...slow].sort((a, b) => a - b);
      const at = (share: number) => all[Math.floor(share * all.length)];
      figures.push(`${name}: median ${at(0.5)}, 95th percentile ${at(0.95)}, longest ${all.at(-1)} ms`);
    }
    // Figures of this machine, to be read.
    console.log(`from a key to the next frame\n${figures.join('\n')}`);
    expect(figures).toHaveLength(5);
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
