/** Writes the Markdown that VitePress reads: the repository's own files, with links that work in the site. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';
import { siteLinks } from './links.js';
import { sitePackage, sitePages } from './sources.js';

/** Written anew by each build. */
export const pagesFolder = join(root, sitePackage, '.pages');

/** Writes every page but the reference and those of the networks. */
export function writePages(): void {
  rmSync(pagesFolder, { recursive: true, force: true });
  cpSync(join(root, sitePackage, 'public'), join(pagesFolder, 'public'), { recursive: true });
  const pages = sitePages();
  for (const path of pages.keys()) writePage(path, pages);
  writeList('packages', 'Packages', pages);
  writeList('examples', 'Examples', pages);
}

/** A page that links to all pages of a folder. */
function writeList(folder: string, title: string, pages: ReadonlyMap<string, string>): void {
  const links = [...pages].flatMap(([path, page]) => {
    const [, heading = page] = /^# (.*)$/m.exec(readFileSync(join(root, path), 'utf8')) ?? [];
    return page.startsWith(`${folder}/`) ? [`- [${heading}](/${page})`] : [];
  });
  write(`${folder}/index.md`, [`# ${title}\n`, ...links, ''].join('\n'));
}

function writePage(path: string, pages: ReadonlyMap<string, string>): void {
  const copyImage = (image: string) => cpSync(join(root, image), join(pagesFolder, 'public', image));
  const markdown = siteLinks(readFileSync(join(root, path), 'utf8'), path, pages, copyImage);
  write(pages.get(path) ?? path, withLanguages(markdown, path, pages));
}

/** Puts a link to the same page in the other language below the title. */
function withLanguages(markdown: string, path: string, pages: ReadonlyMap<string, string>): string {
  const isKorean = path.startsWith('docs/ko/');
  const other = pages.get(isKorean ? path.replace('docs/ko/', 'docs/') : path.replace('docs/', 'docs/ko/'));
  if (other === undefined || other === pages.get(path)) return markdown;
  return markdown.replace(/^# .*$/m, (title) => `${title}\n\n[${isKorean ? 'English' : '한국어'}](/${other})`);
}

/** Writes one page of the site. */
export function write(page: string, markdown: string): void {
  const file = join(pagesFolder, page);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, markdown);
}
