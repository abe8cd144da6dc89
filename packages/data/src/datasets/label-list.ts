import { type Budget, openSource, parseJson, type ReadLimits, readBudget, type Source } from '@cnnzoo/files';
import { asDataError, sourceName } from '../archives/archive-index.js';
import { DataError } from '../data-error.js';

/** The path of an image below the root, and its class. */
export type LabelledPath = readonly [path: string, category: string];

/**
 * Reads a list of images and their classes: CSV with the path and the class in the first two columns of each line, or JSON, { PATH: CLASS }
 * or [{ "file": PATH, "label": CLASS }]. A CSV's first line may be titles: it is one where its first column is no image's name.
 * @throws DataError naming the list and the line or entry that is wrong
 */
export async function readLabelList(
  list: Source,
  isTitle: (firstColumn: string) => boolean,
  limits?: ReadLimits,
): Promise<LabelledPath[]> {
  const name = sourceName(list);
  try {
    const source = await openSource(list, limits);
    const budget = readBudget(source.name, source.size, limits);
    budget.memory(source.size, 'its text');
    const bytes = await source.read(0, source.size);
    const text = Buffer.from(bytes)
      .toString('utf8')
      .replace(/^\ufeff/, '');
    return /^\s*[[{]/.test(text) ? ofJson(parseJson(bytes, 'the list', budget)) : ofCsv(text, isTitle, budget);
  } catch (cause) {
    throw asDataError(name, cause);
  }
}

function ofJson(json: unknown): LabelledPath[] {
  const entries: [unknown, unknown][] = Array.isArray(json)
    ? json.map((entry: { file?: unknown; label?: unknown } | null) => [entry?.file, entry?.label])
    : Object.entries(json as object);
  return entries.map(([file, label], index) => {
    if (typeof file !== 'string' || (typeof label !== 'string' && typeof label !== 'number'))
      throw new Error(
        `entry ${index} must have a path and a class, got ${JSON.stringify([file, label])?.slice(0, 100)}`,
      );
    return [file, String(label)];
  });
}

/** What a row takes in memory besides its text. */
const rowBytes = 128;

function ofCsv(text: string, isTitle: (firstColumn: string) => boolean, budget: Budget): LabelledPath[] {
  const rows: LabelledPath[] = [];
  for (const { line, fields } of csvRows(text)) {
    budget.memory(rowBytes, `line ${line}`);
    const [file, label] = fields;
    if (line === 1 && file !== undefined && isTitle(file)) continue;
    if (file === undefined || label === undefined || file === '' || label === '')
      throw new Error(`line ${line} must have a path and a class, got ${JSON.stringify(fields).slice(0, 100)}`);
    rows.push([file, label]);
  }
  return rows;
}

/** The rows of RFC 4180: fields that hold commas, quotes or line ends are in quotes. Empty lines are left out. */
function* csvRows(text: string): Generator<{ readonly line: number; readonly fields: string[] }> {
  let fields: string[] = [];
  let [at, line, startLine] = [0, 1, 1];
  while (at < text.length) {
    // Empty lines, of which there may be millions.
    if (fields.length === 0 && (text[at] === '\n' || text[at] === '\r')) {
      if (text[at] === '\n' || text[at + 1] !== '\n') line++;
      at++;
      startLine = line;
      continue;
    }
    const { value, end } = text[at] === '"' ? quotedField(text, at, line) : plainField(text, at, line);
    fields.push(value);
    if (text[at] === '"') line += value.split('\n').length - 1;
    at = end + 1;
    const comma = text[end] === ',';
    if (comma && at < text.length) continue;
    if (comma) fields.push('');
    if (text[end] === '\r' && text[at] === '\n') at++;
    if (end < text.length && !comma) line++;
    if (fields.length > 1 || fields[0] !== '') yield { line: startLine, fields };
    [fields, startLine] = [[], line];
  }
}

/** A field and where it ends: at a comma, a line end or the end of the text. */
interface Field {
  readonly value: string;
  readonly end: number;
}

function plainField(text: string, start: number, line: number): Field {
  const ends = /[",\r\n]/g;
  ends.lastIndex = start;
  const end = ends.exec(text)?.index ?? text.length;
  if (text[end] === '"') throw new Error(`line ${line} is no CSV: a quote within a field`);
  return { value: text.slice(start, end), end };
}

function quotedField(text: string, start: number, line: number): Field {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 2)) {
    if (text[quote + 1] === '"') continue;
    const end = quote + 1;
    if (end < text.length && !/[,\r\n]/.test(text[end] ?? ''))
      throw new Error(`line ${line} is no CSV: text after a field in quotes`);
    return { value: text.slice(start + 1, quote).replaceAll('""', '"'), end };
  }
  throw new Error(`line ${line} is no CSV: a quote that does not end`);
}

/** The label of each row. @throws DataError where a class is none of the categories */
export function labelsOfRows(list: string, categories: readonly string[], rows: readonly LabelledPath[]): Int32Array {
  const labelOf = new Map(categories.map((category, label) => [category, label]));
  return Int32Array.from(rows, ([path, category]) => {
    const label = labelOf.get(category);
    if (label !== undefined) return label;
    throw new DataError(
      list,
      `the class '${category}' of '${path}' is not among the ${categories.length} given as classes`,
    );
  });
}
