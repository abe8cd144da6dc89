import { check, string } from '@cnnzoo/checks';
import { nodeModule } from '@cnnzoo/files';
import { type TrainEvent, trainEvent } from '../loop/events.js';

/**
 * Appends what `train` tells to a file, a line of JSON for each event: `{"time":"2026-01-31T12:00:00.000Z","type":"step","step":1,"loss":2.3,…}`.
 * @param path of the file; made, and its folder, where it is not there
 * @returns a listener for `onEvent`. Each event is in the file when it returns
 * @example
 * import { jsonlLog } from '@cnnzoo/train';
 *
 * const onEvent = jsonlLog('runs/lenet/log.jsonl');
 */
export function jsonlLog(path: string): (event: TrainEvent) => void {
  check('path', path, string('the path of a file'));
  const { appendFileSync, mkdirSync } = nodeModule('node:fs');
  mkdirSync(nodeModule('node:path').dirname(path), { recursive: true });
  return (event) => {
    check('event', event, trainEvent);
    appendFileSync(path, `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
  };
}
