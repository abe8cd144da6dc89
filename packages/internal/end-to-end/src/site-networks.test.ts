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
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await answer.textContent()).toBe('Draw a digit.');
    expect(await bars.nth(7).getAttribute('value')).toBe('0');
    await page.getByRole('button', { name: 'A digit of MNIST' }).click();
    await answer.filter({ hasText: 'LeNet-5 says' }).waitFor();
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  });
});
