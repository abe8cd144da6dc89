import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fusions } from '../../fusions/index.js';
import { Emission } from '../../graph/emission.js';
import type { FormQuestion } from '../../graph/forms.js';
import { type Layout, physicalShape, relayout } from '../../graph/layout.js';
import { placeholder } from '../../graph/node.js';
import { encodeModel } from '../../graph/onnx-model.js';
import { onnxruntimeNode } from '../../runtime/onnxruntime-node.js';
import { difference, randomValues } from '../../testing/both-backends.js';
import { referenceConvolution } from '../../testing/reference-convolution.js';
import { probeBlock } from './block-probe.js';
import { filterGradientForms } from './filter-gradient.js';
import { type ConvolutionShapes, emitByForm, type FormContext, type FormTable } from './forms.js';
import { forwardForms } from './forward.js';
import { inputGradientForms } from './input-gradient.js';

const runtime = onnxruntimeNode();
const block = probeBlock(runtime);

/** What the engine would ask of a convolution's form. */
function questionOf<Context extends FormContext>(table: FormTable<Context>, shapes: ConvolutionShapes): FormQuestion {
  const questions: FormQuestion[] = [];
  const forms = { winners: new Map<string, string>(), asked: (question: FormQuestion) => questions.push(question) };
  const graph = new Emission([], { block, fusions, forms });
  const [a, b] = table.operands(shapes).map(({ shape, layout }, i) => {
    const node = placeholder(shape, 'float32');
    graph.set(node, layout, `x${i}`);
    return node;
  });
  if (a === undefined || b === undefined) throw new Error('two operands');
  emitByForm(table, table.contextOf({ ...shapes, graph }, [a, b]));
  const [question] = questions;
  if (question === undefined) throw new Error('nothing was asked');
  return question;
}

interface Laid {
  readonly shape: readonly number[];
  readonly layout: Layout;
}

const tensor = (values: Float32Array, { shape, layout }: Laid) => ({
  type: 'float32' as const,
  dims: physicalShape(shape, layout),
  data: relayout(values, shape, 'plain', layout) as Float32Array,
});

/** Runs one form alone. @returns the result in tfjs's layout */
function valuesOf(question: FormQuestion, form: string, operands: readonly [Float32Array, Laid][], result: Laid) {
  const { graph, inputs, output } = question.alone(form);
  const typed = inputs.map((input) => ({ ...input, type: 'float32' as const }));
  const finished = graph.finish(typed, [{ ...output, type: 'float32' }]);
  const [name = ''] = finished.outputs;
  const session = runtime.createSession(encodeModel(finished.graph, finished.domains), { threads: 1 });
  const data = new Float32Array(result.shape.reduce((a, c) => a * c, 1)).fill(Number.NaN);
  try {
    session.run(
      new Map(operands.map(([values, laid], i) => [`x${i}`, tensor(values, laid)])),
      new Map([[name, { type: 'float32', dims: output.shape, data }]]),
    );
  } finally {
    session.dispose();
  }
  return relayout(data, result.shape, result.layout, 'plain');
}

const drawn = fc.record({
  // Less than a block, a block, and more than one.
  batch: fc.constantFrom(1, 2, 16, 32),
  size: fc.tuple(fc.integer({ min: 5, max: 9 }), fc.integer({ min: 5, max: 9 })),
  inputs: fc.constantFrom(1, 3, 12, 16, 32),
  outputs: fc.constantFrom(2, 12, 16, 32),
  kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  stride: fc.integer({ min: 1, max: 2 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  pads: fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 2 }))),
  filterLayout: fc.constantFrom<ConvolutionShapes['filterLayout']>('plain', 'filtersFirst'),
});

/** Between the first two they have every form. The last has a filter that is larger than the images, of several blocks. */
const examples = (
  [
    ['plain', 2, 1],
    ['filtersFirst', 2, 1],
    ['filtersFirst', 32, 3],
  ] as [ConvolutionShapes['filterLayout'], number, number][]
).map(([filterLayout, batch, size]) => ({
  batch,
  size: [6, 5] as [number, number],
  inputs: 32,
  outputs: 32,
  kernel: [size, size] as [number, number],
  stride: 1,
  dilation: 1,
  pads: [0, 0, 0, 0],
  filterLayout,
}));

/** Forms by onnxruntime's kernels on blocks of channels, which not every processor has. */
const inBlocks = ['forward blocked', 'inputGradient blocked', 'filterGradient convolution'];

describe('the forms of convolutions', () => {
  it('all give what the definition gives, for any size, stride, dilation and padding', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(drawn, ({ batch, size, inputs, outputs, kernel, stride, dilation, pads, filterLayout }) => {
        const input = [batch, ...size, inputs] as [number, number, number, number];
        const filter = [...kernel, inputs, outputs] as [number, number, number, number];
        const [top = 0, left = 0, bottom = 0, right = 0] = pads;
        const padding: tf.backend_util.ExplicitPadding = [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ];
        const steps = dilation === 1 ? stride : 1;
        const info = tf.backend_util.computeConv2DInfo(input, filter, steps, dilation, padding, 'floor');
        const output = info.outShape;
        const window = { kernel, strides: [steps, steps], dilations: [dilation, dilation], pads };
        const shapes = { window, input, filter, output, filterLayout };
        const [x, w, dy] = [input, filter, output].map((shape, i) =>
          randomValues(tf.util.sizeFromShape(shape), i + 1),
        ) as [Float32Array, Float32Array, Float32Array];
        const expected = referenceConvolution(info, x, w, dy);
        const compare = <Context extends FormContext>(
          table: FormTable<Context>,
          values: readonly [Float32Array, Float32Array],
          right: Float64Array,
        ) => {
          const question = questionOf(table, shapes);
          expect(question.possible).toContain(question.rule);
          const [a, b] = table.operands(shapes);
          for (const form of question.possible) {
            seen.add(`${table.role} ${form}`);
            const operands = [
              [values[0], a],
              [values[1], b],
            ] as [Float32Array, Laid][];
            const found = valuesOf(question, form, operands, table.result(shapes));
            expect(difference(found as Float32Array, right), `${question.key}: ${form}`).toBeNull();
          }
        };
        compare(forwardForms, [x, w], expected.y);
        compare(inputGradientForms, [dy, w], expected.dx);
        compare(filterGradientForms, [x, dy], expected.dFilter);
      }),
      { numRuns: 40, examples: examples.map((example) => [example]) },
    );
    const all = [forwardForms, inputGradientForms, filterGradientForms].flatMap(({ role, forms }) =>
      forms.map(({ name }) => `${role} ${name}`),
    );
    expect([...seen].sort()).toEqual(all.filter((name) => block > 0 || !inBlocks.includes(name)).sort());
  });
});
