/** A spec that cannot pass on backend `onnx` by its nature. */
export interface KnownFailure {
  /** The spec's full name. */
  readonly spec: string;
  readonly reason: string;
}

export const knownFailures: readonly KnownFailure[] = [];
