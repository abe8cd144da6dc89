/** What is to be seen of long work: a bar on a terminal, a line each epoch elsewhere, each event for programs. */
import type { ProgressEvent, TrainEvent } from '@cnnzoo/train';
import type { Output } from '../output.js';

/** A listener for `train`, `fineTune` and `evaluate`. */
export async function progressListener(output: Output): Promise<(event: TrainEvent | ProgressEvent) => void> {
  if (output.json) return output.event;
  const { progressBar } = await import('@cnnzoo/train');
  return progressBar({ stream: output.log });
}
