/** The golden figures of ../golden: what PyTorch and torchvision compute, each beside the script that made it. */
import { readFileSync } from 'node:fs';
import type { TrainingGolden } from './golden-training.js';

/** A file of golden/models/, or what model_golden.py gives for another network. */
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

/** The golden figures of torchvision's model `name`. */
export function modelGolden(name: string): ModelGolden {
  return read(`models/${name}.json`);
}

/** The golden training run of `name`. */
export function trainingGolden(name: string): TrainingGolden {
  return read(`training/${name}.json`);
}

function read<Golden>(path: string): Golden {
  return JSON.parse(readFileSync(new URL(`../golden/${path}`, import.meta.url), 'utf8'));
}
