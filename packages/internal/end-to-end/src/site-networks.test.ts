/** Live pages of the site that run a network, from the files that `npm run docs` has written. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, siteCanBeOpened } from './opened-site.js';

/** Draws on an element; points are shares of its width and height. */
async function draw(page: Page, selector: string, points: readonly (readonly [number, number])[]): Promise<void> {
  const box = await page.locator(selector).boundingBox();
  if (box === null) throw new Error(`${selector} is not to be seen`);
  const [first, ...others] = points.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height] as const);
  if (first === undefined) throw new RangeError('points is empty');
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const point of others) await page.mouse.move(...point, { steps: 5 });
  await page.mouse.up();
}

describe.skipIf(!siteCanBeOpened)('the site', () => {
  let site: Awaited<ReturnType<typeof openSite>>;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  test('a digit is drawn, seen layer by layer, cleared and taken from MNIST', async () => {
    const { page, url, elsewhere, errors } = site;
    await page.goto(`${url}live/draw-a-digit.html`);
    const [answer, bars] = [page.locator('#answer'), page.locator('.bars meter')];
    await answer.waitFor();
    const seven = [
      [0.3, 0.25],
      [0.68, 0.25],
      [0.42, 0.8],
    ] as const;
    await draw(page, '#pad', seven);
    await answer.filter({ hasText: 'LeNet-5 says 7' }).waitFor();
    expect(await bars.nth(7).getAttribute('value')).toMatch(/^0\.[5-9]|^1/);
    // The input, 6 maps of C1 and of S2, 16 of C3 and of S4, and three vectors: not one is empty.
    const pictures = page.locator('canvas.pixels');
    expect(await pictures.count()).toBe(1 + 6 + 6 + 16 + 16 + 3);
    expect(
      await page.evaluate(`[...document.querySelectorAll('.layers > section')].every((layer) =>
        [...layer.querySelectorAll('canvas')].some((canvas) =>
          canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value, i) => i % 4 === 0 && value > 128)))`),
    ).toBe(true);
    const headings = await page
      .locator('main :is(h1, h2, h3, h4, h5, h6)')
      .evaluateAll((all) => all.map((each) => each.nodeName));
    expect([headings[0], ...new Set(headings.slice(1))]).toEqual(['H1', 'H2']);
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await answer.textContent()).toBe('Draw a digit.');
    expect(await bars.nth(7).getAttribute('value')).toBe('0');
    await page.getByRole('button', { name: 'A digit of MNIST' }).click();
    await answer.filter({ hasText: 'LeNet-5 says' }).waitFor();
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('a picture is classified and has a map of the class over it; what is no picture is refused', async () => {
    const { page, url, elsewhere, errors } = site;
    await page.goto(`${url}live/drop-a-picture.html`);
    const answer = page.locator('#answer');
    await page.getByRole('button', { name: 'A ship' }).click();
    await answer.filter({ hasText: 'ResNet-20 says ship' }).waitFor();
    expect(await page.locator('.bars li').first().textContent()).toMatch(/^ship(100|[5-9]\d)\.\d %$/);
    const drawn = () => page.evaluate<string>("document.getElementById('picture').toDataURL()");
    /** What is drawn next, after a change. */
    const drawnAfter = async (change: () => Promise<unknown>) => {
      const before = await drawn();
      await change();
      await expect.poll(drawn, { timeout: 30_000 }).not.toBe(before);
      return drawn();
    };
    const map = page.locator('#show-map');
    // The map may not be there yet, so nothing need change. Without it the picture is drawn at once.
    await map.uncheck();
    const plain = await drawn();
    const ofShip = await drawnAfter(() => map.check());
    const ofCat = await drawnAfter(() => page.selectOption('#map-class', 'cat'));
    expect(new Set([plain, ofShip, ofCat]).size).toBe(3);
    // Dropped, a picture is classified; a text is not.
    const drop = (type: string, make: string) =>
      page.evaluate(`(async () => {
        const files = new DataTransfer();
        files.items.add(new File([await (${make})], 'file', { type: '${type}' }));
        document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer: files, cancelable: true, bubbles: true }));
      })()`);
    await drop('text/plain', "'no picture'");
    await page.locator('.live-page .error', { hasText: /./ }).waitFor();
    const old = (await answer.textContent()) ?? '';
    await drop('image/png', "new Promise((done) => document.createElement('canvas').toBlob(done))");
    await answer.filter({ hasNotText: old, hasText: 'ResNet-20 says' }).waitFor();
    expect(await page.locator('.live-page .error').textContent()).toBe('');
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('LeNet-5 learns in the page, pauses, goes on and begins anew', async () => {
    const { page, url, elsewhere, errors } = site;
    await page.goto(`${url}live/train-lenet.html`);
    const [said, start] = [page.locator('#training'), page.locator('#start')];
    // Small batches: here a graphics card is played by the processor.
    await page.getByRole('slider', { name: 'batch size' }).fill('0');
    await start.click();
    const progress = async () => {
      const [, step, loss] = /^Step (\d+), .*loss ([\d.]+)/.exec((await said.textContent()) ?? '') ?? [];
      return { step: Number(step ?? 0), loss: Number(loss ?? Number.POSITIVE_INFINITY) };
    };
    // By chance the loss is ln 10 = 2.3.
    await expect.poll(async () => (await progress()).loss, { timeout: 300_000 }).toBeLessThan(1.5);
    expect(await said.textContent()).toContain('of 500 test digits right');
    await start.click();
    await start.filter({ hasText: 'Continue' }).waitFor();
    const paused = await progress();
    await start.click();
    await expect.poll(async () => (await progress()).step, { timeout: 300_000 }).toBeGreaterThan(paused.step);
    expect(
      (await page.locator('.chart polyline.training').first().getAttribute('points'))?.split(' ').length,
    ).toBeGreaterThan(paused.step);
    await page.getByRole('button', { name: 'Reset' }).click();
    await said.filter({ hasText: 'Not trained yet' }).waitFor();
    expect(await start.textContent()).toBe('Start');
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  });
});
