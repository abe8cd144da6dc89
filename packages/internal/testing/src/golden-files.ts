/** The golden figures of ../golden: what PyTorch and torchvision compute, each beside the script that made it. */
import { readFileSync } from 'node:fs';
import type { TrainingGolden } from './golden-training.js';

/** The golden training run of `name`, a file of golden/training/. */
export function trainingGolden(name: string): TrainingGolden {
  return JSON.parse(readFileSync(new URL(`../golden/training/${name}.json`, import.meta.url), 'utf8'));
}
