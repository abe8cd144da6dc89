import { expect, test } from 'vitest';
import { skippedIn } from './heading-order.js';

test('a heading more than a level below the one before is found, those beside the page are not looked at', () => {
  const page = (shown: string) => `<aside><h2>List</h2></aside><main class="main">${shown}</main>`;
  expect(skippedIn(page('<h1>A</h1><h2 id="b">B</h2><h3>C</h3><h2>D</h2>'))).toEqual([]);
  expect(skippedIn(page('<h1>A</h1><h2>B</h2><h4 id="c"><code>C</code> d</h4><h2>E</h2><h3>F</h3>'))).toEqual([
    "h4 'C d' after h2",
  ]);
  expect(skippedIn(page('<h2>A</h2>'))).toEqual(["h2 'A' after no heading"]);
  expect(skippedIn('<div role="main"><h1>A</h1><h3>B</h3></div>')).toEqual(["h3 'B' after h1"]);
});
