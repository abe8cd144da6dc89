import type { CachedWeights, PublishedWeights } from '@cnnzoo/weights';
import { isHubName } from '../../networks/hub-name.js';
import { columnsOf } from '../columns.js';
import { type Command, command, flag, optional, required, several, text } from '../command.js';
import { networkNames } from '../network-names.js';
import { fileSize } from '../numbers.js';
import { networkTable } from '../tables/network-table.js';
import { transferProgress } from '../transfer-progress.js';

const setNames = networkTable.flatMap(({ id, weights }) => weights.map(({ name }) => `${id}.${name}`));

const cache = text('folder', 'the cache; default: CNNZOO_CACHE, else the one of this user');

const folderOf = (folder: string | undefined) => (folder === undefined ? {} : { cacheFolder: folder });

const list = command({
  name: 'list',
  summary: 'the published sets, and which of them are in the cache',
  examples: ['cnnzoo weights list resnet50', 'cnnzoo weights list --cached'],
  args: { network: optional("a network's name; default: all", networkNames) },
  options: { cached: flag('only what is in the cache, files of other addresses included'), cache },
  async run({ args: { network }, options, output }) {
    const { cachedWeights, listWeights } = await import('@cnnzoo/weights');
    if (network !== undefined) {
      const { networkRow } = await import('../network-names.js');
      networkRow(network);
    }
    const inCache = await cachedWeights(folderOf(options.cache));
    if (options.cached === true)
      return cachedTable(
        inCache.filter(({ id }) => isOf(id, network)),
        output,
      );
    const files = new Map(inCache.map(({ id, file }) => [id, file]));
    const rows = listWeights(network).map((set) => ({ ...facts(set), file: files.get(set.id) ?? null }));
    const table = columnsOf<(typeof rows)[number]>(
      [
        { title: 'weights', cell: ({ id }) => id },
        { title: 'top-1', right: true, cell: ({ top1 }) => (top1 === null ? '' : `${top1.toFixed(1)} %`) },
        {
          title: 'size',
          right: true,
          cell: (set) => (set.megabytes === null ? '' : fileSize(set.megabytes * 2 ** 20)),
        },
        { title: 'licence', cell: ({ licence }) => licence ?? '' },
        { title: 'cache', cell: ({ file }) => (file === null ? '' : 'yes') },
      ],
      rows,
      output,
    );
    return { text: rows.length === 0 ? `there are no published weights of ${network}` : table, data: rows };
  },
});

const show = command({
  name: 'show',
  summary: 'one set: address, hash, accuracy, preprocessing, licence',
  examples: ['cnnzoo weights show resnet50.DEFAULT'],
  args: {
    set: required(
      "a set's name, such as resnet50.IMAGENET1K_V2, or a repository of the hub (hf-hub:owner/name)",
      setNames,
    ),
  },
  options: {},
  async run({ args: { set }, output: { paint } }) {
    const { describeHubWeights, describeWeights } = await import('@cnnzoo/weights');
    const published = isHubName(set) ? await describeHubWeights(set) : describeWeights(set);
    const { hash, preprocessing, megabytes, top1, top5, protocol, licence, notes, url } = published;
    const lines: readonly (readonly [string, string | null])[] = [
      ['address', url],
      ['hash', hash === null ? null : `${hash.algorithm} ${hash.prefix}${hash.bits < 128 ? '…' : ''} (${hash.source})`],
      ['size', megabytes === null ? null : fileSize(megabytes * 2 ** 20)],
      ['top-1', top1 === null ? null : `${top1} %`],
      ['top-5', top5 === null ? null : `${top5} %`],
      ['measured', protocol],
      ['images', `mean ${preprocessing.mean.join(' ')}, deviation ${preprocessing.std.join(' ')}`],
      ['licence', licence],
      ['notes', notes],
    ];
    const known = lines.flatMap(([name, value]) => (value === null ? [] : `${paint.faint(name.padEnd(8))}  ${value}`));
    return { text: [paint.bold(published.id), ...known].join('\n'), data: published };
  },
});

const download = command({
  name: 'download',
  summary: 'downloads sets into the cache',
  examples: ['cnnzoo weights download resnet18.DEFAULT vgg16.DEFAULT'],
  args: { sets: several("sets' names, such as resnet50.DEFAULT, or repositories of the hub (hf-hub:owner/name)") },
  options: { cache },
  async run({ args: { sets }, options, output }) {
    const { describeWeights, downloadWeights } = await import('@cnnzoo/weights');
    // All names before the first download, which may be half a gigabyte.
    const ids = sets.map((set) => (isHubName(set) ? set : describeWeights(set).id));
    const found: { id: string; file: string }[] = [];
    for (const id of ids) {
      const progress = transferProgress(id, output);
      const file = await downloadWeights(id, { ...folderOf(options.cache), onProgress: progress.update });
      progress.end();
      found.push({ id, file });
    }
    return { text: found.map(({ file }) => file).join('\n'), data: { type: 'result', files: found } };
  },
});

const verify = command({
  name: 'verify',
  summary: 'reads all files in the cache and compares them with their hashes',
  args: {},
  options: { cache },
  async run({ options, output }) {
    const { verifyCachedWeights } = await import('@cnnzoo/weights');
    const files = await verifyCachedWeights(folderOf(options.cache));
    const broken = files.filter(({ intact }) => !intact).length;
    const table = columnsOf(
      [
        { title: 'weights', cell: (row) => row.id ?? row.url ?? row.file },
        { title: 'size', right: true, cell: ({ bytes }) => fileSize(bytes) },
        { title: 'state', cell: ({ intact }) => (intact ? 'whole' : 'broken: the next use downloads it again') },
      ],
      files,
      output,
    );
    return { text: files.length === 0 ? 'the cache is empty' : table, data: files, exitCode: broken === 0 ? 0 : 1 };
  },
});

const clear = command({
  name: 'clear',
  summary: 'removes sets, or everything, from the cache',
  examples: ['cnnzoo weights clear vgg16.IMAGENET1K_V1', 'cnnzoo weights clear --all'],
  args: { set: optional("a set's name, or a repository of the hub (hf-hub:owner/name)", setNames) },
  options: { all: flag('everything'), cache },
  async run({ args: { set }, options, output }) {
    if ((set === undefined) === (options.all !== true))
      throw new TypeError("give a set's name, or --all for everything in the cache");
    const { clearCachedWeights } = await import('@cnnzoo/weights');
    const removed = await clearCachedWeights(set === undefined ? undefined : [set], folderOf(options.cache));
    const bytes = removed.reduce((sum, each) => sum + each.bytes, 0);
    const { text: table } = cachedTable(removed, output);
    return {
      text: removed.length === 0 ? 'nothing to remove' : `${table}\n${fileSize(bytes)} removed`,
      data: removed,
    };
  },
});

export const weightsCommand: Command = {
  name: 'weights',
  summary: 'published weights: list, show, download, verify and clear the cache',
  args: {},
  options: {},
  commands: [list, show, download, verify, clear],
};

function facts({ id, top1, top5, megabytes, licence, url }: PublishedWeights) {
  return { id, top1, top5, megabytes, licence, url };
}

function isOf(id: string | null, network: string | undefined): boolean {
  return network === undefined || (id?.startsWith(`${network}.`) ?? false);
}

function cachedTable(files: readonly CachedWeights[], output: Parameters<typeof columnsOf>[2]) {
  const table = columnsOf(
    [
      { title: 'weights', cell: (row: CachedWeights) => row.id ?? row.url ?? '' },
      { title: 'size', right: true, cell: ({ bytes }: CachedWeights) => fileSize(bytes) },
      { title: 'file', cell: ({ file }: CachedWeights) => file },
    ],
    files,
    output,
  );
  return { text: files.length === 0 ? 'the cache is empty' : table, data: files };
}
