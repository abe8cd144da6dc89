/**
 * Chooses among the forms of a convolution or of one of its gradients: what was measured to be fastest on this processor, else what a rule on
 * the shapes says.
 */
import { at } from '../../graph/at.js';
import { Emission } from '../../graph/emission.js';
import type { AloneGraph, Form, Formed } from '../../graph/forms.js';
import { type Layout, physicalShape } from '../../graph/layout.js';
import { type LazyNode, placeholder } from '../../graph/node.js';
import { sizeOf } from '../../graph/shape.js';
import type { Window } from '../window.js';

/** Of a convolution. Shapes are NHWC, the filter's HWIO. */
export interface ConvolutionShapes {
  readonly window: Window;
  readonly input: readonly number[];
  readonly filter: readonly number[];
  readonly output: readonly number[];
  /** How the filter lies in memory, and its gradient. */
  readonly filterLayout: Extract<Layout, 'plain' | 'filtersFirst'>;
}

/** What all forms are told. */
export interface FormContext extends ConvolutionShapes {
  readonly graph: Emission;
}

/** A value, and how it lies in memory in a training step. */
interface Operand {
  readonly shape: readonly number[];
  readonly layout: Layout;
}

/** A convolution or one of its gradients. */
export interface FormTable<Context extends FormContext> {
  readonly role: 'forward' | 'inputGradient' | 'filterGradient';
  /** Of several the first is preferred where they are equally fast. */
  readonly forms: readonly Form<Context>[];
  /** The form that a rule on the shapes chooses: a possible one. */
  readonly rule: (context: Context) => string;
  readonly operands: (shapes: ConvolutionShapes) => readonly [Operand, Operand];
  readonly result: (shapes: ConvolutionShapes) => Operand;
  /** Of a graph that has nothing else. */
  readonly contextOf: (context: FormContext, operands: readonly [LazyNode, LazyNode]) => Context;
}

function keyOf(role: string, { window, input, filter, output, filterLayout }: ConvolutionShapes): string {
  const { strides, dilations, pads } = window;
  const numbers = [input, filter, output, strides, dilations, pads].map((each) => each.join('x')).join(' ');
  return `${role} ${numbers}${filterLayout === 'plain' ? ' plain' : ''}`;
}

function formNamed<Context extends FormContext>({ role, forms }: FormTable<Context>, name: string): Form<Context> {
  const form = forms.find((each) => each.name === name);
  if (form === undefined) throw new Error(`${role} has no form '${name}'`);
  return form;
}

/** The operation alone, with its operands and its result as they lie in memory in a training step. */
function aloneGraph<Context extends FormContext>(
  table: FormTable<Context>,
  shapes: ConvolutionShapes,
  graph: Emission,
): AloneGraph {
  const operands = table.operands(shapes);
  const nodes = operands.map(({ shape }) => placeholder(shape, 'float32')) as [LazyNode, LazyNode];
  nodes.forEach((node, i) => {
    graph.set(node, at(operands, i).layout, `x${i}`);
  });
  const formed = emitByForm(table, table.contextOf({ ...shapes, graph }, nodes));
  const { shape, layout } = table.result(shapes);
  const result = placeholder(shape, 'float32');
  graph.set(result, formed.layout, formed.name);
  return {
    graph,
    inputs: operands.map((operand, i) => ({ name: `x${i}`, shape: physicalShape(operand.shape, operand.layout) })),
    output: { name: graph.get(result, layout), shape: physicalShape(shape, layout) },
  };
}

function ask<Context extends FormContext>(table: FormTable<Context>, context: Context, key: string): void {
  const { options } = context.graph;
  const { asked } = options.forms ?? {};
  if (asked === undefined) return;
  const { window, input, filter, output, filterLayout } = context;
  // Not the context: it has the whole graph.
  const shapes = { window, input, filter, output, filterLayout };
  asked({
    key,
    possible: table.forms.filter(({ possible }) => possible(context)).map(({ name }) => name),
    rule: table.rule(context),
    operations: (2 * sizeOf(output) * sizeOf(filter)) / (filter[3] ?? 1),
    alone: (form) =>
      aloneGraph(table, shapes, new Emission([], { ...options, forms: { winners: new Map([[key, form]]) } })),
  });
}

/** Emits by the form that has won on this processor; where there is none, or it is not possible here, by the rule's. */
export function emitByForm<Context extends FormContext>(table: FormTable<Context>, context: Context): Formed {
  const { forms } = context.graph.options;
  if (forms === undefined) return formNamed(table, table.rule(context)).emit(context);
  const key = keyOf(table.role, context);
  ask(table, context, key);
  const winner = forms.winners.get(key);
  const form = table.forms.find(({ name, possible }) => name === winner && possible(context));
  return (form ?? formNamed(table, table.rule(context))).emit(context);
}
