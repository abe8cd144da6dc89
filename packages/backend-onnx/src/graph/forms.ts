/** Operations that can be emitted in several forms, all of them right: which one is a matter of speed. */
import type { Layout } from './layout.js';
import type { OnnxGraph } from './onnx-graph.js';

/** An operation of these shapes, and the forms that it can have. */
export interface FormQuestion {
  /** Operation, shapes and window: equal keys have equal forms. */
  readonly key: string;
  /** Names of the possible forms. */
  readonly possible: readonly string[];
  /** The form that a rule on the shapes chooses. */
  readonly rule: string;
  /** Multiplications and additions. */
  readonly operations: number;
  /** The operation in a graph of its own, in one of its forms. */
  readonly alone: (form: string) => AloneGraph;
}

interface AloneValue {
  readonly name: string;
  /** As it lies in memory. */
  readonly shape: readonly number[];
}

/** A graph of one operation, with its values in the layouts in which they stand in a training step. */
export interface AloneGraph {
  readonly graph: OnnxGraph;
  readonly inputs: readonly AloneValue[];
  readonly output: AloneValue;
}

/** Names of forms by the keys of questions. */
export type Winners = ReadonlyMap<string, string>;

export interface Forms {
  readonly winners: Winners;
  /** Is told of each operation that could have another form. */
  readonly asked?: (question: FormQuestion) => void;
}

/** What a form gives. */
export interface Formed {
  readonly name: string;
  readonly layout: Layout;
}

/** One way to emit an operation. */
export interface Form<Context> {
  readonly name: string;
  readonly possible: (context: Context) => boolean;
  readonly emit: (context: Context) => Formed;
}
