import { openSource, parseJson, type ReadLimits, readBudget, type Source } from '@cnnzoo/files';
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
    const source = await openSource(list);
    const budget = readBudget(source.name, source.size, limits);
    budget.memory(source.size, 'its text');
    const bytes = await source.read(0, source.size);
    const text = Buffer.from(bytes)
      .toString('utf8')
      .replace(/^\ufeff/, '');
    return /^\s*[[{]/.test(text) ? ofJson(parseJson(bytes, 'the list', budget)) : ofCsv(text, isTitle);
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

function ofCsv(text: string, isTitle: (firstColumn: string) => boolean): LabelledPath[] {
  const rows: LabelledPath[] = [];
  for (const { line, fields } of csvRows(text)) {
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
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|\r|$)/y;
  let fields: string[] = [];
  let line = 1;
  let startLine = 1;
  for (let at = 0; at < text.length; at = field.lastIndex) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (match === null) throw new Error(`line ${line} is no CSV`);
    const [whole, value = '', end] = match;
    fields.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    line += whole.split('\n').length - 1;
    const last = field.lastIndex >= text.length;
    if (end === ',' && !last) continue;
    if (end === ',') fields.push('');
    if (fields.length > 1 || fields[0] !== '') yield { line: startLine, fields };
    [fields, startLine] = [[], line];
    if (last) return;
  }
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
