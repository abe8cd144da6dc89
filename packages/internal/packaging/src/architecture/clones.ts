/** Equal runs of tokens: those of js-tokens, which reads TypeScript, too. Where equal runs may begin says an index of hashes. */
import jsTokens from 'js-tokens';

export interface Source {
  readonly path: string;
  /** What stands twice in one folder is no clone. */
  readonly folder: string;
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

const minTokens = 30;
const minLines = 6;

interface Token {
  /** A number for its text. */
  readonly kind: number;
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

const silent = new Set(['WhiteSpace', 'LineTerminatorSequence', 'SingleLineComment', 'MultiLineComment']);

/** The tokens of all sources, each of which ends with one that is nowhere else. Imports have no other home and are left out. */
function tokensOf(sources: readonly Source[]): Token[] {
  const kinds = new Map<string, number>();
  const tokens: Token[] = [];
  for (const source of sources) {
    let line = 1;
    const add = (text: string, end: number) => {
      const kind = kinds.get(text) ?? kinds.size;
      kinds.set(text, kind);
      tokens.push({ kind, source, start: line, end });
    };
    const text = source.text.replace(/^import\b[^;]*;/gm, (statement) => statement.replace(/.+/g, ''));
    for (const { type, value } of jsTokens(text)) {
      const end = line + value.split('\n').length - 1;
      if (!silent.has(type)) add(value, end);
      line = end;
    }
    add(`the end of ${source.path}`, line);
  }
  return tokens;
}

const mixed = (kind: number) => Math.imul(kind + 1, 0x9e3779b1);

/** Where runs of `minTokens` begin that have the same hash, in ascending order. */
function candidates(tokens: readonly Token[]): number[][] {
  let highest = 1;
  for (let i = 1; i < minTokens; i++) highest = Math.imul(highest, 31);
  const places = new Map<number, number[]>();
  let hash = 0;
  for (const [last, { kind }] of tokens.entries()) {
    hash = (Math.imul(hash, 31) + mixed(kind)) | 0;
    const first = last - minTokens + 1;
    const leaving = tokens[first];
    if (leaving === undefined) continue;
    const known = places.get(hash);
    if (known === undefined) places.set(hash, [first]);
    else known.push(first);
    hash = (hash - Math.imul(highest, mixed(leaving.kind))) | 0;
  }
  return [...places.values()].filter(({ length }) => length > 1);
}

/** Equal runs of thirty tokens or more, in two folders, that stand on six lines or more in both; comments and white space do not count. */
export function clonesIn(sources: readonly Source[]): Clone[] {
  const tokens = tokensOf(sources);
  const isSame = (i: number, j: number) => tokens[i]?.kind === tokens[j]?.kind;
  const cloneAt = (i: number, j: number): Clone | null => {
    // A run is found where it begins.
    if (tokens[i]?.source.folder === tokens[j]?.source.folder || isSame(i - 1, j - 1)) return null;
    let length = 0;
    while (isSame(i + length, j + length)) length++;
    const [one, other] = [placeOf(tokens.slice(i, i + length)), placeOf(tokens.slice(j, j + length))];
    const isLong = [one, other].every(({ start, end }) => end - start + 1 >= minLines);
    return length >= minTokens && isLong ? { places: [one, other] } : null;
  };
  return candidates(tokens).flatMap((places) =>
    places.flatMap((j, index) => places.slice(0, index).flatMap((i) => cloneAt(i, j) ?? [])),
  );
}

function placeOf(run: readonly Token[]): Place {
  return { path: run[0]?.source.path ?? '', start: run[0]?.start ?? 0, end: run.at(-1)?.end ?? 0 };
}
