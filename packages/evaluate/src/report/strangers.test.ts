/** Reports are data from strangers: whatever the JSON of a shard has in it, what is made of it has no markup of theirs. */
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { type DefaultTreeAdapterTypes, parse, parseFragment } from 'parse5';
import { expect, test } from 'vitest';
import { type EvaluationReport, type Mistake, reportOf } from './report.js';
import { reportToHtml } from './report-html.js';
import { reportFromJson, reportToJson } from './report-json.js';
import { reportToMarkdown } from './report-markdown.js';
import { emptyTally } from './tally.js';

/** A report of two classes with these names in it. */
function reportWith(first: string, second: string, model: string, file: string): EvaluationReport {
  const mistake: Mistake = { index: 1, file, label: 0, guess: 1, probability: 0.9, labelProbability: 0.1 };
  return reportOf({
    models: [model],
    protocol: model,
    categories: [first, second],
    confusion: [
      [3, 1],
      [0, 0],
    ],
    mistakes: [mistake],
    part: { images: 4, batch: 2, shards: [[0, 1]] },
    tally: { ...emptyTally, count: 4, top1: 3, topK: 4, loss: 5 },
    evidence: {
      weights: ['aa'],
      protocol: 'bb',
      data: 'cc',
      code: { evaluate: '0', tfjs: '0', backend: 'cpu' },
      batches: [0, 1].map((index) => ({ index, images: 'dd', answers: 'ee' })),
    },
    answers: [0, 0, 0, 1].map((guess, index) => ({
      index,
      image: 'ff',
      label: 0,
      guess,
      place: guess,
      probability: 0.9,
      labelProbability: guess === 0 ? 0.9 : 0.1,
    })),
  });
}

/** All elements with their attributes' names, in order, and all text. */
function structureOf(node: DefaultTreeAdapterTypes.ParentNode): { elements: string[]; text: string } {
  const elements: string[] = [];
  let text = '';
  const visit = (parent: DefaultTreeAdapterTypes.ParentNode) => {
    for (const child of parent.childNodes) {
      if (child.nodeName === '#text') text += (child as DefaultTreeAdapterTypes.TextNode).value;
      if (!('tagName' in child)) {
        if (child.nodeName !== '#text') elements.push(child.nodeName);
        continue;
      }
      elements.push(`${child.tagName} ${child.attrs.map(({ name }) => name).join()}`);
      visit(child);
    }
  };
  visit(node);
  return { elements, text };
}

const hostile = fc.oneof(
  fc.constantFrom(
    '<img src=x onerror=alert(1)>',
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    '</style><script>',
    '<!-- ',
    ']]>',
    '&lt;b&gt;',
    '[link](javascript:alert(1))',
    '![image](https://example.org/x.png)',
    'https://example.org www.example.org a@example.org',
    '| a | b |\n|---|---|',
    '# heading',
    '- list',
    '1. list',
    '> quote',
    '**bold** _emphasis_ `code` ~~gone~~',
    '\n\n<b>block</b>\n\n',
    '[^1]',
    '[x]: https://example.org',
    '\\',
    '\\|',
    '    code',
    '---',
    '===',
  ),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom(...'<>&"\'`|\\[]()!*_~#-+=:/@.wh\n\r\t 1a'), maxLength: 30 }),
);
/** Whitespace is one blank in Markdown. */
const plain = (text: string) => text.replace(/\s+/g, ' ').trim();

test('HTML has the elements that it has with plain names, and the names as text', async () => {
  const expected = structureOf(parse(await reportToHtml(reportWith('cat', 'dog', 'net', 'a.png')))).elements;
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, hostile, async (first, second, model, file) => {
      const page = await reportToHtml(reportFromJson(reportToJson(reportWith(first, second, model, file))));
      const { elements, text } = structureOf(parse(page));
      expect(elements).toEqual(expected);
      // HTML itself knows one kind of line end and no zero.
      const seen = (name: string) => name.replace(/\r\n?/g, '\n').replaceAll('\0', '\ufffd');
      for (const name of [first, second]) expect(text.replaceAll('\0', '\ufffd')).toContain(seen(name));
    }),
    { numRuns: 300 },
  );
});

test('Markdown has the elements that it has with plain names, and the names as text', () => {
  const render = (report: EvaluationReport) =>
    structureOf(
      parseFragment(
        micromark(reportToMarkdown(report), {
          allowDangerousHtml: true,
          allowDangerousProtocol: true,
          extensions: [gfm()],
          htmlExtensions: [gfmHtml()],
        }),
      ),
    );
  const expected = render(reportWith('cat', 'dog', 'net', 'a.png')).elements;
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (first, second, model, file) => {
      const { elements, text } = render(reportWith(first, second, model, file));
      expect(elements).toEqual(expected);
      for (const name of [first, second, file]) expect(plain(text)).toContain(plain(name.replaceAll('\0', '\ufffd')));
    }),
    { numRuns: 400 },
  );
});

test('a field of another type is refused by its path', () => {
  const whole = JSON.parse(reportToJson(reportWith('cat', 'dog', 'net', 'a.png')));
  const used = ['models', 'protocol', 'categories', 'confusion', 'mistakes', 'part', 'tally', 'evidence', 'answers'];
  const paths: (string | number)[][] = [];
  const visit = (value: unknown, path: (string | number)[]) => {
    if (path.length > 0 && used.includes(String(path[0]))) paths.push(path);
    if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) visit(each, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  visit(whole, []);
  fc.assert(
    fc.property(
      fc.constantFrom(...paths),
      fc.constantFrom<unknown>(null, {}, -1, 0.5, '<img src=x onerror=alert(1)>', [null], true),
      (path, value) => {
        const changed = structuredClone(whole);
        const parent = path.slice(0, -1).reduce((at, key) => at[key], changed);
        const key = path.at(-1) ?? '';
        fc.pre(typeof parent[key] !== typeof value || typeof value === 'object');
        // A report may be without answers.
        fc.pre(!(value === null && key === 'answers' && path.length === 1));
        parent[key] = value;
        let message = '';
        try {
          reportFromJson(JSON.stringify(changed));
        } catch (error) {
          expect(error === null || error instanceof TypeError || error instanceof RangeError).toBe(true);
          ({ message } = error as Error);
        }
        const name = `report.${path.map((each) => (typeof each === 'number' ? `[${each}]` : each)).join('.')}`;
        expect(message).toContain(name.replaceAll('.[', '[').split('[')[0]);
        expect(message).not.toMatch(/undefined \(reading|is not iterable|is not a function/);
      },
    ),
    { numRuns: 500 },
  );
});
