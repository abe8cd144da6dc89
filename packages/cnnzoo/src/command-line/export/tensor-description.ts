/** An input or output of an exported model. */
export interface TensorDescription {
  readonly name: string;
  /** -1 for any number. */
  readonly shape: readonly number[];
  readonly type: string;
}
