import { readFileSync } from 'node:fs';
import { sharedFile } from './shared-folder.js';

/** A file of golden/models/. */
export interface ModelGolden {
  readonly input: readonly [channels: number, height: number, width: number];
  readonly params: number;
  readonly macs: number;
  readonly state: Readonly<Record<string, readonly number[]>>;
  readonly layers?: readonly (readonly [
    name: string,
    type: string,
    shape: readonly number[],
    params: number,
    macs: number,
  ])[];
  readonly logits?: readonly number[];
}

/** The golden figures of torchvision's model `name`, or null, with a printed line, where the test data is missing. */
export function modelGolden(name: string): ModelGolden | null {
  return readGolden(`golden/models/${name}.json`);
}

function readGolden<Golden>(path: string): Golden | null {
  const file = sharedFile(path);
  return file === null ? null : (JSON.parse(readFileSync(file, 'utf8')) as Golden);
}
