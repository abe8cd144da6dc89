/** What metrics count. */

export interface Version {
  readonly name: string;
  readonly version: string;
}

/** A request of a model that has been answered. Times in milliseconds. */
export interface Inferred {
  readonly images: number;
  readonly prepareTime: number;
  readonly queueTime: number;
  readonly computeTime: number;
  readonly time: number;
}
