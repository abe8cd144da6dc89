/** Levels of headings, in the pages as built: who reads with a screen reader goes from heading to heading, and takes a level left out for one missed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Finds the headings that come more than a level below the one before, or before the page's title.
 * @param folder of the built site
 * @returns a line for each
 */
export function skippedHeadings(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.html'))
    .flatMap((path) =>
      skippedIn(readFileSync(join(folder, path), 'utf8')).map((line) => `${path.replaceAll('\\', '/')}: ${line}`),
    );
}

/** @param html a page; lists beside what it shows have headings of their own, and are not looked at */
export function skippedIn(html: string): string[] {
  const [, shown = ''] = /<(?:main\b|div role="main")([\s\S]*)/.exec(html) ?? [];
  let before = 0;
  return [...shown.matchAll(/<h([1-6])\b[^>]*>([\s\S]*?)<\/h\1>/g)].flatMap(([, digit, content = '']) => {
    const level = Number(digit);
    const skips = level > before + 1;
    const text = content.replaceAll(/<[^>]*>|\u200b/g, '').trim();
    const line = `h${level} '${text}' after ${before === 0 ? 'no heading' : `h${before}`}`;
    before = level;
    return skips ? [line] : [];
  });
}
