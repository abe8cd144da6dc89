/** What weights the world publishes for the networks of this project. */
import { check, shown, string } from '@cnnzoo/checks';
import { preprocessingFor, preprocessings } from '@cnnzoo/metadata';
import type { FileHash } from '../download/file-hash.js';
import type { PublishedWeights, WeightsRow } from './published-weights.js';
import { rows } from './registry-data.js';

let published: readonly PublishedWeights[] | undefined;

function publishedWeights(): readonly PublishedWeights[] {
  published ??= rows.map(describe);
  return published;
}

function describe(row: WeightsRow): PublishedWeights {
  const { id, options = {}, rules, url, measuredWith } = row;
  const dot = id.indexOf('.');
  return {
    id,
    name: id.slice(dot + 1),
    architecture: id.slice(0, dot),
    options,
    url,
    hash: hashOf(row),
    megabytes: row.megabytes ?? null,
    rules,
    preprocessing: preprocessingFor(row.preprocessing, [null, null, 3]),
    numClasses: 1000,
    top1: row.top1 ?? null,
    top5: row.top5 ?? null,
    protocol: measuredWith === undefined ? null : protocolOf(preprocessings[measuredWith]),
    licence: row.licence ?? null,
    notes: row.notes ?? null,
  };
}

function hashOf({ url, sha256, md5 }: WeightsRow): FileHash | null {
  if (sha256 !== undefined) {
    const publisher = url.includes('pytorch-image-models') ? 'timm' : 'torchvision';
    return { algorithm: 'sha256', prefix: sha256, bits: 4 * sha256.length, source: `${publisher}, in the file name` };
  }
  if (md5 !== undefined) return { algorithm: 'md5', prefix: md5, bits: 4 * md5.length, source: 'keras.applications' };
  return null;
}

function protocolOf({ resizeSize, cropSize }: { resizeSize: number; cropSize: number }): string {
  return `ImageNet-1K validation, single crop: shorter side ${resizeSize}, middle ${cropSize}`;
}

/**
 * The published weight sets.
 * @param architecture a network as `createModel` calls it; default: all
 * @returns the sets' descriptions; none for a network without published weights
 * @example
 * import { listWeights } from '@cnnzoo/weights';
 *
 * for (const { id, top1 } of listWeights('resnet50')) console.log(id, top1);
 */
export function listWeights(architecture?: string): readonly PublishedWeights[] {
  return architecture === undefined
    ? publishedWeights()
    : publishedWeights().filter((weights) => weights.architecture === architecture);
}

/**
 * One published weight set, if there is one of that name.
 * @param id as for {@link describeWeights}
 * @example
 * import { findWeights } from '@cnnzoo/weights';
 *
 * console.log(findWeights('resnet50.DEFAULT')?.id, findWeights('lenet5.DEFAULT')); // resnet50.IMAGENET1K_V2 null
 */
export function findWeights(id: string): PublishedWeights | null {
  const architecture = check('id', id, string()).split('.')[0] ?? '';
  const candidates = listWeights(architecture);
  const found =
    candidates.find((weights) => weights.id === id) ??
    (id === `${architecture}.DEFAULT`
      ? candidates.findLast((weights) => weights.name.startsWith('IMAGENET1K_'))
      : undefined);
  return found ?? null;
}

/**
 * One published weight set.
 * @param id architecture and name, as 'resnet50.IMAGENET1K_V2', 'resnet50.tv_in1k', 'vgg16.keras'; the name DEFAULT is
 *   torchvision's newest
 * @throws RangeError naming the ids of that architecture, or those with weights
 * @example
 * import { describeWeights } from '@cnnzoo/weights';
 *
 * console.log(describeWeights('resnet50.IMAGENET1K_V2').protocol);
 */
export function describeWeights(id: string): PublishedWeights {
  const found = findWeights(id);
  if (found !== null) return found;
  const candidates = listWeights(id.split('.')[0] ?? '');
  const known =
    candidates.length > 0
      ? `it must be one of ${candidates.map((weights) => weights.id).join(', ')}`
      : `there are weights for ${[...new Set(publishedWeights().map((weights) => weights.architecture))].join(', ')}`;
  throw new RangeError(`there are no published weights ${shown(id)}: ${known}`);
}
