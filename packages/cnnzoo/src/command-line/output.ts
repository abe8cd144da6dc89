/** Where a command's text goes, and what the place can show. */
import { styleText } from 'node:util';

/** A stream that text is written to, such as `process.stdout`. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
  write(text: string): unknown;
}

/** Text in bold or faint where the terminal shows that, elsewhere as it is. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly faint: (text: string) => string;
}

export interface Output {
  /** Whether a program reads: everything on the standard output is JSON, a value a line. */
  readonly json: boolean;
  /** Shows how far long work is, over what it showed before; '' takes that away. Nothing where the standard error is no terminal. */
  readonly overwrite: (line: string) => void;
  /** Characters in a line of the standard output; Infinity where it is no terminal. */
  readonly columns: number;
  readonly paint: Paint;
  readonly print: (line: string) => void;

  /** The standard error itself. */
  readonly log: TextStream;
  /** What is no result, on the standard error, for people. */
  readonly note: (line: string) => void;
  /** Something that happened during long work: a line of JSON, or nothing, because people see its bar. */
  readonly event: (event: object) => void;
}

export interface Streams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

/** @param json whether the caller asked for JSON */
export function outputTo({ stdout, stderr }: Streams, json: boolean): Output {
  const colored = !json && stdout.isTTY === true && stdout.hasColors?.() === true;
  const style = (format: 'bold' | 'dim') => (text: string) => (colored ? styleText(format, text) : text);
  const print = (line: string) => void stdout.write(`${line}\n`);
  return {
    json,
    overwrite: (line) => {
      if (json || stderr.isTTY !== true) return;
      // A line that is longer than the terminal would take two, of which only one is written over.
      stderr.write(`\r${line.slice(0, (stderr.columns || 80) - 1)}\u001b[K`);
    },
    // A terminal that has not said its size has 0.
    columns: stdout.isTTY === true ? stdout.columns || 80 : Infinity,
    paint: { bold: style('bold'), faint: style('dim') },
    print,
    log: stderr,
    note: (line) => {
      if (!json) stderr.write(`${line}\n`);
    },
    event: (event) => {
      if (json) print(JSON.stringify(event));
    },
  };
}
