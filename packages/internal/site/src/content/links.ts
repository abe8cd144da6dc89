/** Links between files of the repository, as links between pages of the site. */
import { posix } from 'node:path';
import { repository } from './sources.js';

/**
 * Rewrites the links of a Markdown file. What is a page becomes that page; an image its copy; every other file its place on GitHub.
 * @param markdown the file's text
 * @param path of the file, from the repository's root
 * @param pages from a file's path to its page's
 * @param useImage told the path of each image that the page shows
 */
export function siteLinks(
  markdown: string,
  path: string,
  pages: ReadonlyMap<string, string>,
  useImage: (path: string) => void,
): string {
  return outsideCode(markdown, (text) =>
    text.replace(
      /(!?)(\[(?:[^\][]|\[[^\]]*\])*\])\(([^)\s]+)\)/g,
      (link, image: string, label: string, target: string) => {
        const place = repositoryPath(target, path);
        if (place === null) return link;
        const [file = '', anchor] = place.split('#');
        if (image === '!') {
          useImage(file);
          return `![${label.slice(1, -1)}](/${file})`;
        }
        const page = pages.get(file) ?? pages.get(posix.join(file, 'README.md'));
        if (page !== undefined) return `${label}(/${page}${anchor === undefined ? '' : `#${anchor}`})`;
        const kind = posix.extname(file) === '' ? 'tree' : 'blob';
        return `${label}(${repository}/${kind}/main/${file})`;
      },
    ),
  );
}

/** The file or folder of the repository that a link leads to, with its anchor; null where it leads elsewhere. */
function repositoryPath(target: string, from: string): string | null {
  const onGitHub = new RegExp(`^${repository}/(?:blob|tree)/main/(.*)$`).exec(target);
  if (onGitHub) return onGitHub[1] ?? null;
  if (/^(?:[a-z]+:|#|\/)/.test(target)) return null;
  return posix.join(posix.dirname(from), target);
}

/** Changes a Markdown file's text and leaves its code blocks alone. */
export function outsideCode(markdown: string, change: (text: string) => string): string {
  return markdown
    .split(/(^ *```.*?^ *```$)/ms)
    .map((part, i) => (i % 2 === 1 ? part : change(part)))
    .join('');
}

/** GitHub's name of a heading's place, which the links of the repository's files use. */
export function headingAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}
