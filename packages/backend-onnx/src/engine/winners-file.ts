/**
 * The file of winners: which forms of convolutions were measured to be fastest. Its name has a hash of what it was measured with, so that
 * it may be copied to another machine, and is not even read where that is another processor or version.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { isRecord, writeAtomically } from '@cnnzoo/files';
import packageFile from '../../package.json' with { type: 'json' };
import type { Winners } from '../graph/forms.js';

/** What winners depend on. */
export interface TunedFor {
  readonly processor: string;
  /** Channels side by side in blocked kernels: 16 with AVX-512, 8 with AVX2, else 0. */
  readonly block: number;
  readonly threads: number;
  readonly onnxruntime: string;
  readonly cnnzoo: string;
}

export function tunedFor(threads: number, block: number): TunedFor {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return {
    processor: cpus()[0]?.model ?? process.arch,
    block,
    threads,
    onnxruntime: version,
    cnnzoo: packageFile.version,
  };
}

/** The path of the file for this processor, in the folder CNNZOO_TUNING, else cnnzoo/tuning in $XDG_CACHE_HOME or ~/.cache. */
export function winnersPath(tuned: TunedFor): string {
  const { CNNZOO_TUNING: given = '', XDG_CACHE_HOME: xdg = '' } = process.env;
  const folder = given === '' ? join(xdg === '' ? join(homedir(), '.cache') : xdg, 'cnnzoo', 'tuning') : given;
  const hash = createHash('sha256').update(JSON.stringify(tuned)).digest('hex').slice(0, 12);
  return join(folder, `convolutions-${hash}.json`);
}

/** Winners as text: equal ones are equal text. */
export function formatWinners(winners: Winners): string {
  return JSON.stringify(Object.fromEntries([...winners].sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** @throws TypeError where a text is not of `formatWinners` */
export function parseWinners(text: string): Winners {
  const parsed: unknown = JSON.parse(text);
  if (!isRecord(parsed)) throw new TypeError(`winners must be an object of names of forms, got ${text.slice(0, 40)}`);
  const entries = Object.entries(parsed).map(([key, form]) => {
    if (typeof form !== 'string') throw new TypeError(`the form of '${key}' must be a name`);
    return [key, form] as const;
  });
  return new Map(entries);
}

/** The winners of this processor; none where there is no file, or one of something else. */
export function readWinners(tuned: TunedFor): Winners {
  try {
    const file: unknown = JSON.parse(readFileSync(winnersPath(tuned), 'utf8'));
    if (!isRecord(file) || JSON.stringify(file['tunedFor']) !== JSON.stringify(tuned)) return new Map();
    return parseWinners(JSON.stringify(file['winners']));
  } catch {
    // No file, no right to read it, or not one of ours: rules choose then, which is as right.
    return new Map();
  }
}

/** @returns the file's path */
export async function writeWinners(tuned: TunedFor, winners: Winners): Promise<string> {
  const path = winnersPath(tuned);
  await mkdir(dirname(path), { recursive: true });
  const content = { tunedFor: tuned, winners: Object.fromEntries([...winners].sort(([a], [b]) => (a < b ? -1 : 1))) };
  await writeAtomically(path, `${JSON.stringify(content, null, 2)}\n`);
  return path;
}
