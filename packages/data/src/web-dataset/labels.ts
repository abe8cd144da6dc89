import { isRecord } from '@cnnzoo/files';
import type { RawLabel } from '../shards/label-set.js';
import type { TarSample } from './tar-samples.js';

/** Where in a sample its label is. */
export interface LabelPlace {
  readonly extension: string;
  /** Of its JSON; undefined where the file is the label alone. */
  readonly field: string | undefined;
}

/** Where labels are that the caller does not say: as Python's webdataset writes them, or in the JSON beside the image. */
const usual: readonly LabelPlace[] = [
  { extension: 'cls', field: undefined },
  { extension: 'json', field: 'label' },
];

/** A label's file has no more bytes. */
export const largestLabel = 2 ** 20;

/** @param text such as 'cls' or 'json:label' */
export function labelPlaces(text: string | undefined): readonly LabelPlace[] {
  if (text === undefined) return usual;
  const colon = text.indexOf(':');
  return [
    colon < 0
      ? { extension: text.toLowerCase(), field: undefined }
      : { extension: text.slice(0, colon).toLowerCase(), field: text.slice(colon + 1) },
  ];
}

/** The label of a sample. @throws Error where it has none */
export function rawLabel({ members }: TarSample, places: readonly LabelPlace[]): RawLabel {
  for (const { extension, field } of places) {
    const member = members.get(extension);
    if (member === undefined) continue;
    if (member.bytes === undefined) throw new Error(`its .${extension} has ${member.size} bytes, too many for a label`);
    const text = Buffer.from(member.bytes).toString('utf8').trim();
    if (field === undefined) return ofText(text, extension);
    return ofJson(text, extension, field);
  }
  const wanted = places.map(({ extension }) => `.${extension}`).join(' or ');
  throw new Error(`it has no ${wanted} with its label: its files end in ${endings(members)}`);
}

function ofText(text: string, extension: string): RawLabel {
  if (text === '') throw new Error(`its .${extension} is empty`);
  return /^\+?\d+$/.test(text) ? Number(text) : text;
}

function ofJson(text: string, extension: string, field: string): RawLabel {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`its .${extension} is no JSON`, { cause });
  }
  const value = isRecord(json) && Object.hasOwn(json, field) ? json[field] : undefined;
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`its .${extension} has no ${JSON.stringify(field)} that is an index or a class`);
}

/** How a sample's files end, for messages. */
export function endings(members: TarSample['members']): string {
  return [...members.keys()]
    .slice(0, 10)
    .map((each) => `.${each}`)
    .join(', ');
}
