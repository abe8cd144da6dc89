/** A page for each family of networks, of what the code knows: drawings, shapes, cost, weights, recipes, papers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { summarize } from '@cnnzoo/shape';
import { drawNetwork } from '@cnnzoo/shape/draw';
import { recipes } from '@cnnzoo/train';
import { createModel, type ModelId } from 'cnnzoo';
import { drawGraph } from '../../../../cnnzoo/src/command-line/drawing/draw-graph.js';
import { paperOf } from '../../../../cnnzoo/src/command-line/papers.js';
import type { NetworkRow } from '../../../../cnnzoo/src/command-line/tables/network-row.js';
import { networkTable } from '../../../../cnnzoo/src/command-line/tables/network-table.js';
import { pagesFolder, write } from './write-pages.js';

interface NetworkPage {
  /** networks/NAME of the site. */
  readonly name: string;
  readonly title: string;
  /** Which networks the page has. */
  readonly networks: (id: ModelId) => boolean;
  /** The one that is drawn, layer by layer. */
  readonly drawn: ModelId;
  /** `lenet` for @cnnzoo/lenet. */
  readonly package: string;
}

const pages: readonly NetworkPage[] = [
  { name: 'lenet', title: 'LeNet-5', networks: (id) => id.startsWith('lenet'), drawn: 'lenet5', package: 'lenet' },
  {
    name: 'alexnet',
    title: 'AlexNet and ZFNet',
    networks: (id) => /^(alexnet|zfnet)/.test(id),
    drawn: 'alexnet_paper',
    package: 'alexnet',
  },
  {
    name: 'vgg',
    title: 'VGG and PReLU-net',
    networks: (id) => /^(vgg|prelu)/.test(id),
    drawn: 'vgg16',
    package: 'vgg',
  },
  {
    name: 'googlenet',
    title: 'GoogLeNet',
    networks: (id) => id.startsWith('googlenet'),
    drawn: 'googlenet_paper',
    package: 'googlenet',
  },
  {
    name: 'inception',
    title: 'BN-Inception, Inception-v2 and v3',
    networks: (id) => /inception/.test(id),
    drawn: 'inception_v3',
    package: 'inception',
  },
  {
    name: 'resnet',
    title: 'ResNet and what followed',
    networks: (id) => /^(plain|resne|wide_|se_|senet)/.test(id),
    drawn: 'resnet18',
    package: 'resnet',
  },
  {
    name: 'cifar',
    title: 'The networks of CIFAR and MNIST',
    networks: (id) => /^(cifar_|mnist_|nin)/.test(id),
    drawn: 'cifar_resnet20',
    package: 'cifar-networks',
  },
];

const grouped = (count: number) => count.toLocaleString('en');
const millions = (count: number) => (count >= 1e6 ? `${grouped(Math.round(count / 1e6))} M` : grouped(count));

/** Writes the pages of the families, and the table of all. */
export function writeNetworks(): void {
  for (const page of pages) write(`networks/${page.name}.md`, networkPage(page));
  const rows = pages.map(
    ({ name, networks, title }) =>
      `## [${title}](/networks/${name}.md)\n\n${table(networkTable.filter(({ id }) => networks(id)))}`,
  );
  const forgotten = networkTable.filter(({ id }) => !pages.some(({ networks }) => networks(id)));
  if (forgotten.length > 0) throw new Error(`no page has ${forgotten.map(({ id }) => id).join(', ')}`);
  write(
    'networks/index.md',
    `# Networks\n\n${networkTable.length} networks, by the name that \`createModel\` takes. Multiply-accumulates are those of one image of the size in the table.\n\n${rows.join('\n\n')}\n`,
  );
}

function table(rows: readonly NetworkRow[]): string {
  const lines = rows.map(
    ({ id, input, classes, params, macs }) =>
      `| \`${id}\` | ${input} | ${grouped(classes)} | ${grouped(params)} | ${millions(macs)} | ${paperOf(id).year} |`,
  );
  return [
    '| network | input | classes | parameters | multiply-accumulates | year |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...lines,
  ].join('\n');
}

function networkPage({ title, networks, drawn, package: packageName }: NetworkPage): string {
  const rows = networkTable.filter(({ id }) => networks(id));
  const model = createModel(drawn, { initialWeights: 'zeros' });
  const summary = summarize(model);
  model.dispose();
  const figures = join(pagesFolder, 'public/figures');
  mkdirSync(figures, { recursive: true });
  writeFileSync(join(figures, `${drawn}.svg`), drawNetwork(summary, { title: drawn }));
  writeFileSync(join(figures, `${drawn}-graph.svg`), drawGraph(summary));
  const parts = [
    `# ${title}`,
    `What the code says of these networks. The page of [\`@cnnzoo/${packageName}\`](/packages/${packageName}.md) says how they are called, and what differs from the papers and from torchvision.`,
    `## Drawn from the code\n\n![${drawn}: ${grouped(summary.params)} parameters, ${millions(summary.macs)} multiply-accumulates](/figures/${drawn}.svg)`,
    `[All layers of \`${drawn}\`, with their branches](/figures/${drawn}-graph.svg){target="_blank"}`,
    `## Figures\n\n${table(rows)}`,
    `## Shapes of ${drawn}\n\n${layerTable(summary)}`,
    `## In Node and in a browser\n\n${program(drawn)}`,
    `## Published weights\n\n${weightsTable(rows)}`,
    `## Recipes\n\n${recipeTable(rows)}`,
    `## Papers\n\n${papers(rows)}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function layerTable({ layers }: ReturnType<typeof summarize>): string {
  const shown = layers.filter(({ params, kernel }) => params > 0 || kernel !== null);
  const lines = shown.map(
    ({ name, type, outputShape, params, macs, receptiveField }) =>
      `| \`${name}\` | ${type} | ${outputShape.join('x')} | ${grouped(params)} | ${millions(macs)} | ${receptiveField?.size.join('x') ?? ''} |`,
  );
  const rows = [
    '| layer | type | output | parameters | multiply-accumulates | receptive field |',
    '| --- | --- | --- | ---: | ---: | --- |',
    ...lines,
  ].join('\n');
  return shown.length > 30 ? `::: details ${shown.length} layers with weights or windows\n${rows}\n:::` : rows;
}

function program(id: ModelId): string {
  return [
    '```ts',
    "import { createModel, useBackend } from 'cnnzoo';",
    '',
    'await useBackend(); // the fastest engine of this machine; in a page WebGL or WebAssembly',
    `const model = createModel('${id}', { seed: 1 });`,
    'model.summary();',
    '```',
  ].join('\n');
}

function weightsTable(rows: readonly NetworkRow[]): string {
  const lines = rows.flatMap(({ id, weights }) =>
    weights.map(
      ({ name, top1, megabytes, licence }) =>
        `| \`${id}\` | \`${name}\` | ${top1 === null ? '' : `${top1.toFixed(2)} %`} | ${megabytes === null ? '' : `${megabytes.toFixed(0)} MB`} | ${licence ?? ''} |`,
    ),
  );
  if (lines.length === 0)
    return 'Nobody has published weights of these networks that cnnzoo knows. Their recipes train them.';
  return [
    '| network | weights | top-1 on ImageNet | size | licence |',
    '| --- | --- | ---: | ---: | --- |',
    ...lines,
  ].join('\n');
}

function recipeTable(rows: readonly NetworkRow[]): string {
  const lines = Object.entries(recipes).flatMap(([name, recipe]) => {
    const ids = rows.map(({ id }) => id).filter((id) => (recipe.networks as readonly string[]).includes(id));
    return ids.length === 0
      ? []
      : [`| \`${name}\` | ${ids.map((id) => `\`${id}\``).join(', ')} | \`npx cnnzoo recipe ${name}\` |`];
  });
  if (lines.length === 0) return 'No paper says how these networks were trained.';
  return ['| recipe | networks | prints it |', '| --- | --- | --- |', ...lines].join('\n');
}

function papers(rows: readonly NetworkRow[]): string {
  const found = new Map(rows.map(({ id }) => [paperOf(id).address, paperOf(id)]));
  return [...found.values()]
    .map(({ authors, title, year, address }) => `- ${authors}: [${title}](${address}) (${year})`)
    .join('\n');
}
