/** What a guide has its reader do, in the order of the page. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@cnnzoo/tooling/published-packages';

export type GuideStep =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'command'; readonly arguments: readonly string[] };

/** Commands that need what a test has not (Python, a cluster, the hub), that do not end, that take minutes, or that train on CIFAR-10. */
const elsewhere = /^(?:parity|cluster|serve|push|tune)\b|--find-learning-rate|hf-hub:|--data cifar10/;

/** The guides' names. */
export function guides(): string[] {
  return readdirSync(join(root, 'docs/guides'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -3));
}

/** Every package of the guides' install lines, but for tools. */
export function guidePackages(): string[] {
  const pages = guides().map((guide) => readFileSync(join(root, `docs/guides/${guide}.md`), 'utf8'));
  const lines = pages.flatMap((page) => page.match(/^npm install (?!--save-dev).*$/gm) ?? []);
  return [...new Set(lines.flatMap((line) => line.split(' ').slice(2)))];
}

/** Files, each named on the line before its block, and the lines of shell blocks that call `npx cnnzoo`. A file NAME.mts is run where it is saved. */
export function guideSteps(guide: string): GuideStep[] {
  const page = readFileSync(join(root, `docs/guides/${guide}.md`), 'utf8');
  const blocks = page.matchAll(/(?:^`([^`\n]+)`\n\n)?^```(\w+)\n(.*?)^```/gms);
  return [...blocks].flatMap(([, name, language, text = '']): GuideStep[] => {
    if (name !== undefined) return [{ kind: 'file', name, text }];
    return language === 'sh' ? commands(text) : [];
  });
}

function commands(text: string): GuideStep[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  return lines.flatMap((line): GuideStep[] => {
    const [, called] = /^npx cnnzoo ([^#]*)/.exec(line) ?? [];
    if (called === undefined || elsewhere.test(called)) return [];
    const words = [...called.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)];
    return [{ kind: 'command', arguments: words.map(([, single, double, plain]) => single ?? double ?? plain ?? '') }];
  });
}
