/** A trainer as a process: it runs what its parent sends and tells of each checkpoint. It is killed at any moment. */
import '@tensorflow/tfjs-backend-cpu';
import { tinyRun } from './tiny-run.js';

const send = (message: TrainerMessage) => process.send?.(message);

/** What a trainer tells. */
export type TrainerMessage =
  | { readonly type: 'ready' | 'started' }
  | { readonly type: 'saved'; readonly step: number }
  | { readonly type: 'ended'; readonly hash: string }
  | { readonly type: 'failed'; readonly message: string };

process.on('message', ({ folder, epochs }: { folder: string; epochs: number }) => {
  tinyRun({
    folder,
    epochs,
    onEvent: (event) => {
      if (event.type === 'start') send({ type: 'started' });
      if (event.type === 'checkpoint') send({ type: 'saved', step: event.step });
    },
  }).then(
    (hash) => send({ type: 'ended', hash }),
    (error: Error) => send({ type: 'failed', message: error.message }),
  );
});
process.on('disconnect', () => process.exit());
send({ type: 'ready' });
