import { columnsOf } from '../columns.js';
import { command, required } from '../command.js';
import { networkNames, networkRow } from '../network-names.js';
import { fileSize, grouped, short } from '../numbers.js';
import { paperOf } from '../papers.js';

export const infoCommand = command({
  name: 'info',
  summary: 'a network: its paper, its figures, its published weights, its recipe',
  examples: ['cnnzoo info resnet50'],
  args: { network: required("a network's name: cnnzoo list has them", networkNames) },
  options: {},
  async run({ args: { network }, output }) {
    const row = networkRow(network);
    const paper = paperOf(row.id);
    const { recipes } = await import('@cnnzoo/train');
    const recipe = Object.entries(recipes)
      .filter(([, { networks }]) => (networks as readonly string[]).includes(row.id))
      .map(([name]) => name);
    const { input, classes, params, macs, bytes, weights } = row;
    const facts: readonly (readonly [string, string])[] = [
      ['paper', `${paper.authors}, "${paper.title}" (${paper.year}), ${paper.place}`],
      ['', paper.address],
      ['input', `${input}, ${grouped(classes)} classes`],
      ['parameters', `${grouped(params)}, ${fileSize(bytes)} in float32`],
      ['MACs', `${grouped(macs)} (${short(macs)})`],
      ['recipe', recipe.length === 0 ? 'none of a paper' : recipe.map((name) => `cnnzoo recipe ${name}`).join(', ')],
    ];
    const width = Math.max(...facts.map(([name]) => name.length));
    const sets = columnsOf(
      [
        { title: 'weights', cell: ({ name }) => name },
        { title: 'top-1', right: true, cell: ({ top1 }) => (top1 === null ? '' : `${top1.toFixed(1)} %`) },
        {
          title: 'size',
          right: true,
          cell: (set) => (set.megabytes === null ? '' : fileSize(set.megabytes * 2 ** 20)),
        },
        { title: 'licence', cell: ({ licence }) => licence ?? '' },
      ],
      weights,
      output,
    );
    const text = [
      output.paint.bold(row.id),
      ...facts.map(([name, fact]) => `${output.paint.faint(name.padEnd(width))}  ${fact}`),
      '',
      weights.length === 0 ? 'no published weights' : sets,
    ];
    return { text: text.join('\n'), data: { ...row, paper, recipes: recipe } };
  },
});
