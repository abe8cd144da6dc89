/** How far a download is: a line that is written over on a terminal, JSON for programs, and nothing in a log. */
import { fileSize } from './numbers.js';
import type { Output } from './output.js';

export interface TransferProgress {
  readonly update: (progress: {
    readonly url: string;
    readonly received: number;
    readonly total: number | null;
  }) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/** Between two lines, in milliseconds: what eyes and logs can follow. */
const interval = 100;

export function transferProgress(name: string, output: Output): TransferProgress {
  let last = -Infinity;
  return {
    update({ url, received, total }) {
      const now = performance.now();
      if (now - last < interval && received !== total) return;
      last = now;
      output.event({ type: 'download', name, url, received, total });
      const share = total === null ? '' : ` of ${fileSize(total)}, ${Math.floor((100 * received) / total)} %`;
      output.overwrite(`${name}: ${fileSize(received)}${share}`);
    },
    end: () => output.overwrite(''),
  };
}
