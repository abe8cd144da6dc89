/** Times the forms of one convolution against each other. */
import { at } from '../graph/at.js';
import type { FormQuestion } from '../graph/forms.js';
import { encodeModel } from '../graph/onnx-model.js';
import { sizeOf } from '../graph/shape.js';
import type { Runtime, RuntimeTensor, Session } from '../runtime/runtime.js';

/** Rounds of all forms, half of them in each of two series. */
const rounds = 8;

/** A form is given up after its first run where that took this many times the rule's. */
const hopeless = 1.5;

/** A winner takes at most this part of the time of the rule's form, in both series: noise must not choose. */
const clearlyFaster = 0.95;

interface Contestant {
  readonly form: string;
  readonly session: Session;
  readonly inputs: ReadonlyMap<string, RuntimeTensor>;
  readonly outputs: ReadonlyMap<string, RuntimeTensor>;
  /** Milliseconds of the fastest run of each series. */
  readonly fastest: [number, number];
}

/** The same numbers for all forms. Never zeros: some processors multiply those faster. */
function tensor(shape: readonly number[]): RuntimeTensor {
  const data = new Float32Array(sizeOf(shape));
  // A callback for each of millions of elements takes longer than the convolution.
  for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 1009) / 1009 - 0.5;
  return { type: 'float32', dims: shape, data };
}

/** Operands and result, which all forms have in common, by their names. */
type Tensors = Map<string, RuntimeTensor>;

function sharedTensor(tensors: Tensors, name: string, shape: readonly number[]): RuntimeTensor {
  const known = tensors.get(name);
  if (known !== undefined) return known;
  const made = tensor(shape);
  tensors.set(name, made);
  return made;
}

function contestant(
  runtime: Runtime,
  threads: number,
  question: FormQuestion,
  form: string,
  tensors: Tensors,
): Contestant {
  const { graph, inputs, output } = question.alone(form);
  const named = inputs.map((input) => ({ ...input, type: 'float32' as const }));
  const finished = graph.finish(named, [{ ...output, type: 'float32' }]);
  const session = runtime.createSession(encodeModel(finished.graph, finished.domains), { threads });
  return {
    form,
    session,
    inputs: new Map(
      named
        .filter(({ name }) => finished.used.has(name))
        .map(({ name, shape }) => [name, sharedTensor(tensors, name, shape)]),
    ),
    outputs: new Map([[at(finished.outputs, 0), sharedTensor(tensors, 'result', output.shape)]]),
    fastest: [Infinity, Infinity],
  };
}

function timeOf({ session, inputs, outputs }: Contestant): number {
  const start = performance.now();
  session.run(inputs, outputs);
  return performance.now() - start;
}

/**
 * @returns the name of a form that is clearly faster than the rule's, or null
 */
export function fastestForm(runtime: Runtime, threads: number, question: FormQuestion): string | null {
  const contestants: Contestant[] = [];
  const tensors: Tensors = new Map();
  try {
    const ruled = contestant(runtime, threads, question, question.rule, tensors);
    contestants.push(ruled);
    timeOf(ruled);
    const limit = hopeless * Math.min(timeOf(ruled), timeOf(ruled));
    const hopeful = question.possible.filter((form) => {
      if (form === question.rule) return false;
      const other = contestant(runtime, threads, question, form, tensors);
      contestants.push(other);
      timeOf(other);
      return timeOf(other) < limit;
    });
    const compared = contestants.filter((each) => each === ruled || hopeful.includes(each.form));
    if (compared.length === 1) return null;
    for (let round = 0; round < rounds; round++)
      for (const each of compared) {
        const series = round % 2 === 0 ? 0 : 1;
        each.fastest[series] = Math.min(each.fastest[series], timeOf(each));
      }
    const clearly = compared.filter(({ fastest }) =>
      fastest.every((time, series) => time < clearlyFaster * (ruled.fastest[series] ?? 0)),
    );
    const [best] = clearly.toSorted((a, b) => Math.min(...a.fastest) - Math.min(...b.fastest));
    return best?.form ?? null;
  } finally {
    for (const { session } of contestants) session.dispose();
  }
}
