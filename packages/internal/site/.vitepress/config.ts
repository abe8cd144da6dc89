import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DefaultTheme, defineConfigWithTheme } from 'vitepress';
import { diagram } from '../src/content/diagrams.js';
import { headingAnchor } from '../src/content/links.js';
import { packagesVersion } from '../src/content/versions.js';

const pages = fileURLToPath(new URL('../.pages', import.meta.url));

/** A page's first heading. */
function title(page: string): string {
  const text = readFileSync(join(pages, `${page}.md`), 'utf8');
  return (/^# (.*)$/m.exec(text)?.[1] ?? page).replaceAll('`', '').replaceAll('\\', '');
}

function items(...names: readonly string[]): { text: string; link: string }[] {
  return names.map((name) => ({ text: title(name), link: `/${name}` }));
}

/** Every page of a folder. */
function folder(name: string): { text: string; link: string }[] {
  const files = readdirSync(join(pages, name), { recursive: true, encoding: 'utf8' }).map((path) =>
    path.replaceAll('\\', '/'),
  );
  const names = files.filter((file) => file.endsWith('.md') && !/^(?:index|README)\.md$/.test(file));
  return items(...names.sort().map((file) => `${name}/${file.slice(0, -3)}`));
}

/** In the order in which they are read. */
const guides = [
  'guides/own-data',
  'guides/own-network',
  'guides/fine-tuning',
  'guides/evaluating',
  'guides/serving',
  'guides/browser',
  'guides/int8',
  'guides/engines',
  'guides/machines-and-pytorch',
  'guides/publishing-a-network',
];

const sidebar: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: [
      { text: 'Overview', link: '/overview' },
      ...items('tasks', 'classifier', 'coming-from', 'faq', 'troubleshooting'),
    ],
  },
  {
    text: 'Guides',
    items: items(...guides),
  },
  { text: 'Try it', items: folder('live') },
  { text: 'Networks', items: [{ text: 'All of them', link: '/networks/' }, ...folder('networks')] },
  { text: 'The lecture', items: items('lecture', 'lecture-notes', 'shapes', 'protocols', 'results', 'benchmarks') },
  { text: 'Beyond one machine', items: items('many-machines', 'handover') },
  { text: 'Details', items: items('command-line', 'environment', 'hardware') },
  {
    text: 'All packages',
    items: [
      { text: 'What each holds', link: '/packages/' },
      { text: 'Examples', link: '/examples/' },
      { text: 'Reference', link: '/api/' },
    ],
  },
  {
    text: 'How it is built',
    items: items('architecture', 'engine', 'contributing', 'publishing', 'roadmap', 'changelog', 'security'),
  },
];

const koreanSidebar: DefaultTheme.SidebarItem[] = [
  { text: '시작', items: [{ text: '한국어 안내', link: '/ko/' }, ...items('ko/classifier')] },
  { text: '안내서', items: items(...guides.map((name) => `ko/${name}`)) },
  { text: '강의', items: items('ko/lecture') },
];

/** Long lists stand beside their own pages only: each entry costs every page time. */
function listBeside(name: string, text: string): DefaultTheme.SidebarItem[] {
  return [
    { text: 'Start', items: [{ text: 'Overview', link: '/overview' }, ...items('tasks')] },
    { text, items: [{ text: 'All of them', link: `/${name}/` }, ...folder(name)] },
  ];
}

export default defineConfigWithTheme<DefaultTheme.Config & { readonly version?: string }>({
  title: 'cnnzoo',
  description: 'The classic convolutional networks for TypeScript, and everything to train them',
  locales: {
    root: { label: 'English', lang: 'en' },
    ko: {
      label: '한국어',
      lang: 'ko',
      description: 'TypeScript를 위한 고전 합성곱 신경망',
      themeConfig: {
        nav: [
          { text: '안내서', link: '/ko/' },
          { text: '강의', link: '/ko/lecture' },
        ],
        sidebar: koreanSidebar,
        outline: { level: [2, 3], label: '이 페이지에서' },
        docFooter: { prev: '이전', next: '다음' },
        darkModeSwitchLabel: '밝기',
        sidebarMenuLabel: '메뉴',
        returnToTopLabel: '맨 위로',
        langMenuLabel: '언어',
      },
    },
  },
  srcDir: '.pages',
  outDir: 'dist',
  cacheDir: 'node_modules/.cache/vitepress',
  // Files, which every static server has, also without rewriting of addresses.
  cleanUrls: false,
  ignoreDeadLinks: false,
  // A page loads what it shows, and no page that it links to.
  router: { prefetchLinks: false },
  // The home page of VitePress has no landmark around what it shows.
  transformHtml: (html) => html.replace('<div class="VPHome ', '<div role="main" class="VPHome '),
  transformHead: ({ siteData }) => [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `${siteData.base}favicon.svg` }],
  ],
  markdown: {
    anchor: { slugify: headingAnchor },
    // Comments in VitePress's own themes have less contrast than WCAG asks for.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(markdown) {
      const { fence } = markdown.renderer.rules;
      if (fence === undefined) throw new Error('markdown-it has no rule for blocks of code');
      markdown.renderer.rules.fence = (tokens, i, ...rest) => {
        const { info = '', content = '' } = tokens[i] ?? {};
        return info.trim() === 'mermaid' ? diagram(content) : fence(tokens, i, ...rest);
      };
    },
  },
  themeConfig: {
    version: packagesVersion(),
    search: { provider: 'local' },
    // Not every page is there in Korean. Those that are link to each other below their titles.
    i18nRouting: false,
    nav: [
      { text: 'Start', link: '/overview' },
      { text: 'Guides', link: '/tasks' },
      { text: 'Try it', link: '/live/shapes' },
      { text: 'Networks', link: '/networks/' },
      { text: 'The lecture', link: '/lecture' },
      { text: 'Reference', link: '/api/' },
    ],
    sidebar: {
      '/': sidebar,
      '/packages/': listBeside('packages', 'Packages'),
      '/examples/': listBeside('examples', 'Examples'),
      '/api/': listBeside('api', 'Reference'),
    },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: 'https://github.com/cnnzoo/cnnzoo' }],
    externalLinkIcon: true,
  },
});
