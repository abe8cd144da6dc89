/** A table in columns of spaces: numbers to the right, words to the left. */
import type { Output, Paint } from './output.js';

export interface Column<Row> {
  readonly title: string;
  readonly right?: boolean;
  /** Left out where the lines would not fit. */
  readonly spare?: boolean;
  readonly cell: (row: Row) => string;
}

export function columnsOf<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  output: Pick<Output, 'paint' | 'columns'>,
): string {
  const text = tableOf(all, rows, output.paint);
  const width = Math.max(
    ...tableOf(all, rows, plain)
      .split('\n')
      .map((line) => line.length),
  );
  return width <= output.columns
    ? text
    : tableOf(
        all.filter(({ spare }) => spare !== true),
        rows,
        output.paint,
      );
}

const plain: Paint = { bold: (text) => text, faint: (text) => text };

function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paint: Paint): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (texts: readonly string[]) =>
    texts
      .map((each, i) => (columns[i]?.right === true ? each.padStart(widths[i] ?? 0) : each.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [paint.bold(line(columns.map(({ title }) => title))), ...cells.map(line)].join('\n');
}
