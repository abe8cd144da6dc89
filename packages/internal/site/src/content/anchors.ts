/** Links to headings, in the pages as built: VitePress checks pages only. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Page {
  readonly anchors: ReadonlySet<string>;
  /** Page and anchor, such as `shapes.html#padding`. */
  readonly links: readonly string[];
}

/**
 * Finds the links of a built site that lead to no heading.
 * @param folder of the built site
 * @param base the path below which it is served
 * @returns a line for each
 */
export function deadAnchors(folder: string, base: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.html'));
  const pages = new Map(names.map((name) => [name, readPage(readFileSync(join(folder, name), 'utf8'), name, base)]));
  return [...pages].flatMap(([name, { links }]) =>
    links.flatMap((link) => {
      const [page = '', anchor = ''] = link.split('#');
      const target = pages.get(page.endsWith('/') || page === '' ? `${page}index.html` : page);
      return target?.anchors.has(decodeURIComponent(anchor)) ? [] : [`${name}: ${link}`];
    }),
  );
}

function readPage(html: string, name: string, base: string): Page {
  const anchors = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id = '']) => unescaped(id)));
  const hrefs = [...html.matchAll(/<a\b[^>]*\shref="([^"]*#[^"]+)"/g)].map(([, href = '']) => unescaped(href));
  const links = hrefs.flatMap((href) => {
    if (href.startsWith('#')) return [`${name}${href}`];
    return href.startsWith(base) ? [href.slice(base.length)] : [];
  });
  return { anchors, links };
}

function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}
