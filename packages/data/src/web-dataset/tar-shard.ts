import type { ReadLimits, Source } from '@cnnzoo/files';
import { sourceName } from '../archives/archive-index.js';
import { maxEntryBytes } from '../archives/read-archive-part.js';
import { tarPart } from '../archives/tar-listing.js';
import type { SampleReference } from '../datasets/dataset.js';
import type { Decoding } from '../images/decode-image.js';
import { imageEnding } from '../images/image-format.js';
import { labelIndex } from '../shards/label-set.js';
import type { Shard } from '../shards/shard.js';
import { endings, type LabelPlace, largestLabel, rawLabel } from './labels.js';
import { openTar } from './open-tar.js';
import { type Member, type TarSample, tarSamples } from './tar-samples.js';

/** How a tar's files become labelled images. */
export interface SampleRules {
  /** Endings of the image, the first that is there; undefined: the one file that ends as an image. */
  readonly image: readonly string[] | undefined;
  readonly label: readonly LabelPlace[];
  readonly decoding: Decoding;
  readonly limits: ReadLimits | undefined;
}

/** A shard of a data set whose classes are known. */
export function tarShard(source: Source, count: number, classes: readonly string[], rules: SampleRules): Shard {
  const name = sourceName(source);
  const labelIn = labelIndex(classes);
  return {
    name,
    count,
    async *samples(wanted, signal) {
      const { reader, path, close } = await openTar(source, rules.limits, signal);
      try {
        const read = (place: number, extension: string, size: number) =>
          wanted(place) &&
          (isLabel(extension, size, rules) ||
            (path === undefined && size <= maxEntryBytes && isImage(extension, rules.image)));
        let place = 0;
        for await (const sample of tarSamples(reader, rules.limits, read)) {
          signal?.throwIfAborted();
          yield wanted(place++) ? reference(sample, path) : null;
        }
      } finally {
        await close();
      }
    },
  };

  function reference(sample: TarSample, path: string | undefined): SampleReference {
    let label = 0;
    let shown = `${name}/${sample.key}`;
    try {
      if (sample.problem !== undefined) throw new Error(sample.problem);
      const image = imageOf(sample, rules.image);
      shown = `${name}/${image.path}`;
      label = labelIn(rawLabel(sample, rules.label));
      const { decoding } = rules;
      if (path !== undefined)
        return { kind: 'file', name: shown, label, path, part: tarPart(image.offset, image.size), decoding };
      if (image.bytes === undefined) throw new Error(`it has ${image.size} bytes, too many for an image`);
      return { kind: 'file', name: shown, label, path: '', bytes: image.bytes, decoding };
    } catch (cause) {
      return { kind: 'failed', name: shown, label, problem: cause instanceof Error ? cause.message : String(cause) };
    }
  }
}

/** What all samples of a shard say, without their images. */
export async function* tarLabels(source: Source, rules: SampleRules): AsyncGenerator<TarSample, void, undefined> {
  const { reader, close } = await openTar(source, rules.limits, undefined);
  try {
    yield* tarSamples(reader, rules.limits, (_, extension, size) => isLabel(extension, size, rules));
  } finally {
    await close();
  }
}

function isLabel(extension: string, size: number, { label }: SampleRules): boolean {
  return size <= largestLabel && label.some((place) => place.extension === extension);
}

/** An ending of several parts, such as seg.png, is that of something beside the image. */
function isImage(extension: string, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined
    ? !extension.includes('.') && imageEnding.test(`.${extension}`)
    : wanted.includes(extension);
}

function imageOf({ members }: TarSample, wanted: readonly string[] | undefined): Member {
  const found = (wanted ?? [...members.keys()].filter((each) => isImage(each, undefined))).filter((each) =>
    members.has(each),
  );
  const [first, second] = found;
  if (wanted === undefined && second !== undefined)
    throw new Error(`it has several images, .${found.join(', .')}: say which one with image: '${first}'`);
  const image = first === undefined ? undefined : members.get(first);
  if (image !== undefined) return image;
  throw new Error(
    `it has no ${wanted === undefined ? 'image' : `.${wanted.join(' or .')}`}: its files end in ${endings(members)}`,
  );
}
