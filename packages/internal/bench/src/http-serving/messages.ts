/** What the bench and its server say to each other. */

export interface ServerSetup {
  /** Of the classifier, as `save` writes it. */
  readonly folder: string;
  /** Images in a batch, at most. */
  readonly batch: number;
  readonly maxQueueSize?: number;
  /** Milliseconds in which it answers, or refuses. */
  readonly timeout?: number;
  readonly decodeWorkers?: number;
}

export type ToServer = 'kill a worker' | 'replace' | 'memory' | 'close';

export type FromServer = { readonly address: string } | { readonly done: ToServer } | { readonly memory: number };
