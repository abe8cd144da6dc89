import { check, optional } from '@cnnzoo/checks';
import { type Image, resize, toBytes } from '@cnnzoo/transforms';
import { datasetRule, type LabelledImages } from '../labelled-images.js';
import { toDataUrl } from '../maps/png.js';
import { confusionTable } from './confusion-table.js';
import { html, type Markup, trusted } from './markup.js';
import { reliabilityDiagram } from './reliability-diagram.js';
import { type EvaluationReport, type Mistake, mostConfused, reportOf } from './report.js';
import { certainty, figureRows, mistakeName, percent, worstClasses } from './report-figures.js';
import { reportRule } from './report-rule.js';

/** Images in a page are reduced to this many pixels at their longer side. */
const longestSide = 160;

const style = trusted(`
body { font: 15px/1.45 system-ui, sans-serif; color: #1b1f24; max-width: 76rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; }
.subtitle, .hint { color: #57606a; margin: 0 0 1rem; } .note { background: #fff8c5; padding: .5rem .75rem; border-radius: 6px; }
.columns { display: flex; flex-wrap: wrap; gap: 1rem 3rem; align-items: flex-start; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.list th, .list td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #e4e7eb; font-weight: 400; }
.list thead th { color: #57606a; } .list td.number { text-align: right; }
.bar { display: inline-block; height: .6rem; background: #2171b5; border-radius: 2px; vertical-align: baseline; }
.confusion td { min-width: 2.1rem; height: 1.9rem; text-align: center; font-size: .8rem; padding: 0 .25rem; border: 1px solid #fff; }
.confusion th { font-weight: 400; font-size: .8rem; padding: .15rem .4rem; color: #57606a; white-space: nowrap; }
.confusion thead th { vertical-align: bottom; } .confusion thead th span { writing-mode: vertical-rl; transform: rotate(180deg); display: inline-block; }
.confusion tbody th { text-align: right; } .confusion .right { outline: 1px solid #8c959f; outline-offset: -2px; }
.matrix { width: min(100%, 640px); image-rendering: pixelated; border: 1px solid #d0d7de; display: block; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 1rem; }
.mistakes figure { margin: 0; font-size: .85rem; overflow-wrap: anywhere; }
.mistakes img { width: 100%; height: 150px; object-fit: contain; background: #eef1f4; border-radius: 6px; image-rendering: auto; }
.mistakes img.small { image-rendering: pixelated; } .mistakes b { color: #b42318; font-weight: 600; }`);

/**
 * A report as one page without any other file: figures, confusion matrix, calibration, the worst classes, and the images of the
 * surest mistakes.
 * @param given report of `evaluate` or `merge`
 * @param dataset the one that was evaluated, whose images are read again; without it the page has none
 * @returns the page's HTML
 * @throws RangeError where the data set is another one
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { evaluate, reportToHtml } from '@cnnzoo/evaluate';
 * const report = await evaluate(model, testSet);
 * await writeFile('report.html', await reportToHtml(report, testSet));
 */
export async function reportToHtml(given: EvaluationReport, dataset?: LabelledImages): Promise<string> {
  const report = reportOf(check('report', given, reportRule));
  check('dataset', dataset, optional(datasetRule));
  if (dataset !== undefined && dataset.length !== report.part.images)
    throw new RangeError(`dataset has ${dataset.length} images, the report is of one with ${report.part.images}`);
  const { models, protocol, notes, categories } = report;
  const name = models.join(' + ');
  const rows = figureRows(report).map(([figure, value]) => html`<tr><th>${figure}<td>${value}`);
  return html`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${name}: ${percent(report.top1)}</title>
<style>${style}</style>
<h1>${name}</h1>
<p class="subtitle">${protocol}, ${categories.length} classes</p>
${notes.map((note) => html`<p class="note">${note}</p>`)}
<div class="columns"><table class="list">${rows}</table>
<div>${reliabilityDiagram(report.tally)}</div></div>
<h2>Confusion matrix</h2>
<p class="hint">Row: the class it is. Column: what it was taken for.</p>
${await confusionTable(report)}
<div class="columns">
<div><h2>Worst classes</h2>${classTable(report)}</div>
<div><h2>Most often confused</h2>${pairTable(report)}</div>
</div>
<h2>Most confident mistakes</h2>
${await mistakeGallery(report, dataset)}
</html>
`.toString();
}

function classTable(report: EvaluationReport): Markup {
  const rows = worstClasses(report, 20).map(
    ({ category, support, precision, recall, f1 }) =>
      html`<tr><td>${category}<td class="number">${support}<td class="number">${percent(precision)}<td class="number">${percent(recall)}<td class="number">${percent(f1)}<td><span class="bar" style="width:${(recall * 7).toFixed(2)}rem"></span>`,
  );
  return html`<table class="list"><thead><tr><th>class<th>images<th>precision<th>recall<th>F1<th></thead>${rows}</table>`;
}

function pairTable(report: EvaluationReport): Markup {
  const rows = mostConfused(report, 20).map(
    ({ category, takenFor, count }) => html`<tr><td>${category}<td>${takenFor}<td class="number">${count}`,
  );
  if (rows.length === 0) return html`<p>Nothing was confused.</p>`;
  return html`<table class="list"><thead><tr><th>class<th>taken for<th>images</thead>${rows}</table>`;
}

async function mistakeGallery({ mistakes, categories }: EvaluationReport, dataset?: LabelledImages): Promise<Markup> {
  if (mistakes.length === 0) return html`<p>There are none.</p>`;
  const figures: Markup[] = [];
  for (const mistake of mistakes) figures.push(await mistakeFigure(mistake, categories, dataset));
  return html`<div class="mistakes">${figures}</div>`;
}

async function mistakeFigure(
  mistake: Mistake,
  categories: readonly string[],
  dataset: LabelledImages | undefined,
): Promise<Markup> {
  const { label, guess, probability, labelProbability } = mistake;
  const image = (await dataset?.get(mistake.index))?.image;
  const name = mistakeName(mistake);
  const element =
    image === undefined
      ? html``
      : html`<img class="${Math.max(image.width, image.height) < longestSide ? 'small' : 'large'}" alt="${name}" src="${await toDataUrl(thumbnail(image))}">`;
  const text = html`<b>${categories[guess] ?? ''}</b> ${certainty(probability)}<br>is ${categories[label] ?? ''} ${certainty(labelProbability)}<br><span class="hint">${name}</span>`;
  return html`<figure>${element}<figcaption>${text}</figcaption></figure>
`;
}

function thumbnail(image: Image): Image {
  const scale = Math.min(1, longestSide / Math.max(image.width, image.height));
  const size = [image.height, image.width].map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  return toBytes()(resize(size)(image));
}
