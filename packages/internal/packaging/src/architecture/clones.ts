/** jscpd, which finds equal runs of tokens. */
import { Detector, getModeHandler, type IMapFrame, MemoryStore } from '@jscpd/core';
import { Tokenizer } from '@jscpd/tokenizer';

export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Lines from 1, `end` included. */
export interface Place {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** Two places with the same code. */
export interface Clone {
  readonly places: readonly [Place, Place];
}

/** Equal runs of six lines and thirty tokens or more; comments and white space do not count. */
export async function clonesIn(sources: readonly Source[]): Promise<Clone[]> {
  const options = { minLines: 6, minTokens: 30, maxLines: 1e6, mode: getModeHandler('weak'), format: ['typescript'] };
  const detector = new Detector(new Tokenizer(), new MemoryStore<IMapFrame>(), [], options);
  const clones: Clone[] = [];
  for (const { path, text } of sources)
    for (const { duplicationA, duplicationB } of await detector.detect(path, text, 'typescript'))
      clones.push({ places: [placeOf(duplicationA), placeOf(duplicationB)] });
  return clones;
}

type Duplication = Awaited<ReturnType<Detector['detect']>>[number]['duplicationA'];

function placeOf({ sourceId, start, end }: Duplication): Place {
  return { path: sourceId, start: start.line, end: end.line };
}
