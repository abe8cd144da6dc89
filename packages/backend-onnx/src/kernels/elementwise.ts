/** Element-wise kernels, unary and binary, with tfjs's broadcasting. */

import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Emission } from '../graph/emission.js';
import type { Attributes } from '../graph/kind.js';
import type { Layout } from '../graph/layout.js';
import type { LazyNode } from '../graph/node.js';
import { onnxType } from '../graph/onnx-model.js';
import type { Operation } from '../graph/operation.js';
import { sizeOf } from '../graph/shape.js';
import type { OnnxBackend } from '../tfjs/backend.js';
import { type Kernel, type KernelTable, required } from '../tfjs/kernel.js';
import { elu, selu, sigmoid } from './activation.js';
import { through } from './arrays.js';
import { exactIntegers, toInt32, widen } from './wide-numbers.js';

/** The layout in which an element-wise result is cheapest: that of its largest operand that is not plain. */
export function commonLayout(graph: Emission, node: LazyNode): Layout {
  if (node.shape.length !== 4) return 'plain';
  let best: Layout = 'plain';
  let size = 0;
  for (const input of node.inputs) {
    const layout = graph.layoutOf(input);
    if (input.shape.length === 4 && layout !== 'plain' && sizeOf(input.shape) > size) {
      best = layout;
      size = sizeOf(input.shape);
    }
  }
  return best;
}

/** Names of as many operands as the operation has. */
type Operands = readonly [string, string, ...string[]];

/** An operation whose ONNX form takes the operands' names in one layout. */
export function elementwise<A extends Attributes>(
  name: string,
  apply: (graph: Emission, operands: Operands, attributes: A, node: LazyNode) => string,
): Operation<A> {
  return {
    name,
    elementwise: true,
    emit(graph, node, attributes) {
      const layout = commonLayout(graph, node);
      graph.set(
        node,
        layout,
        apply(graph, graph.operands(node, layout) as readonly string[] as Operands, attributes, node),
      );
    },
  };
}

const none: Record<string, never> = {};

type Emit = (graph: Emission, x: string, node: LazyNode) => string;

/** f(x) on float32; other types decline. */
function unary(name: string, emit: Emit, resultType: DataType = 'float32'): Kernel {
  const operation = elementwise(name, (graph, [x], _, node) => emit(graph, x, node));
  return (backend, inputs) => {
    const x = required(inputs, 'x');
    return x.dtype === 'float32' ? backend.record(operation, [x], x.shape, resultType, none) : null;
  };
}

/** f(x) with the type of x. */
function unaryAnyNumber(name: string, emit: Emit): Kernel {
  const operation = elementwise(name, (graph, [x], _, node) => emit(graph, x, node));
  return (backend, inputs) => {
    const x = required(inputs, 'x');
    return x.dtype === 'bool' ? null : backend.record(operation, [x], x.shape, x.dtype, none);
  };
}

/** An ONNX operator of one input. */
const operator =
  (type: string): Emit =>
  (graph, x) =>
    graph.op(type, [x]);

const zero = (graph: Emission) => graph.scalar('float32', 0);
const one = (graph: Emission) => graph.scalar('float32', 1);

const cast = elementwise<{ to: number }>('Cast', (graph, [x], { to }, node) => {
  const fromFloat = node.inputs[0]?.dtype === 'float32';
  return fromFloat && to === onnxType.int32 && exactIntegers(graph)
    ? toInt32(graph, widen(graph, x))
    : graph.op('Cast', [x], { to });
});

/** A product whose whole numbers wrap as those of tfjs, which are rounded as float64 before. */
function product(graph: Emission, a: string, b: string, { dtype }: LazyNode): string {
  return dtype === 'int32' && exactIntegers(graph)
    ? toInt32(graph, graph.op('Mul', [widen(graph, a), widen(graph, b)]))
    : graph.op('Mul', [a, b]);
}

/** The tensor in another type; the same one where it has that type already. */
export function castTo(backend: OnnxBackend, x: TensorInfo, dtype: 'float32' | 'int32' | 'bool'): TensorInfo {
  if (x.dtype === dtype) return backend.shared(x);
  return backend.record(cast, [x], x.shape, dtype, { to: onnxType[dtype] });
}

const step = elementwise<{ alpha: number }>('Step', (graph, [x], { alpha }) => {
  const positive = graph.op('Greater', [x, zero(graph)]);
  const value = graph.op('Where', [positive, one(graph), graph.scalar('float32', alpha)]);
  return graph.op('Where', [graph.op('IsNaN', [x]), x, value]);
});

const multiply = elementwise('Multiply', (graph, [a, b], _, node) => product(graph, a, b, node));
export const add = elementwise('Add', (graph, operands) => graph.op('Add', operands));
const relu = elementwise('Relu', (graph, [x]) => graph.op('Relu', [x]));

const leakyRelu = elementwise<{ alpha: number }>('LeakyRelu', (graph, [x], { alpha }) =>
  graph.op('LeakyRelu', [x], { alpha: { float: alpha } }),
);

const clip = elementwise<{ min: number; max: number }>('ClipByValue', (graph, [x], { min, max }, { dtype }) => {
  const type = dtype === 'int32' ? 'int32' : 'float32';
  return graph.op('Clip', [x, graph.scalar(type, min), graph.scalar(type, max)]);
});

const unaryKernels: KernelTable = {
  Abs: unaryAnyNumber('Abs', operator('Abs')),
  Acos: unary('Acos', operator('Acos')),
  Acosh: unary('Acosh', operator('Acosh')),
  Asin: unary('Asin', operator('Asin')),
  // WebGPU's has no digit left of large negative numbers.
  Asinh: unary('Asinh', (graph, x) =>
    graph.can('negativeAsinh')
      ? graph.op('Asinh', [x])
      : graph.op('Mul', [graph.op('Sign', [x]), graph.op('Asinh', [graph.op('Abs', [x])])]),
  ),
  Atan: unary('Atan', operator('Atan')),
  Atanh: unary('Atanh', operator('Atanh')),
  Ceil: unary('Ceil', operator('Ceil')),
  Cos: unary('Cos', operator('Cos')),
  Cosh: unary('Cosh', operator('Cosh')),
  Elu: unary('Elu', elu),
  Erf: unary('Erf', operator('Erf')),
  Exp: unary('Exp', operator('Exp')),
  Floor: unary('Floor', operator('Floor')),
  IsFinite: unary(
    'IsFinite',
    (graph, x) => graph.op('Not', [graph.op('Or', [graph.op('IsInf', [x]), graph.op('IsNaN', [x])])]),
    'bool',
  ),
  IsInf: unary('IsInf', operator('IsInf'), 'bool'),
  IsNan: unary('IsNan', operator('IsNaN'), 'bool'),
  Log: unary('Log', operator('Log')),
  Neg: unaryAnyNumber('Neg', operator('Neg')),
  Reciprocal: unary('Reciprocal', operator('Reciprocal')),
  Relu: (backend, inputs) => {
    const x = required(inputs, 'x');
    return x.dtype === 'float32' ? backend.record(relu, [x], x.shape, 'float32', none) : null;
  },
  Relu6: unary('Relu6', (graph, x) => graph.op('Clip', [x, zero(graph), graph.scalar('float32', 6)])),
  Round: unary('Round', operator('Round')),
  Rsqrt: unary('Rsqrt', (graph, x) => graph.op('Reciprocal', [graph.op('Sqrt', [x])])),
  Selu: unary('Selu', selu),
  Sigmoid: unary('Sigmoid', sigmoid),
  Sign: unary('Sign', (graph, x) => graph.op('Where', [graph.op('IsNaN', [x]), zero(graph), graph.op('Sign', [x])])),
  Sin: unary('Sin', operator('Sin')),
  Sinh: unary('Sinh', operator('Sinh')),
  Sqrt: unary('Sqrt', operator('Sqrt')),
  Square: unaryAnyNumber('Square', (graph, x, node) => product(graph, x, x, node)),
  Tanh: unary('Tanh', operator('Tanh')),
  LogicalNot: (backend, inputs) => {
    const x = required(inputs, 'x');
    return x.dtype === 'bool' ? backend.record(logicalNot, [x], x.shape, 'bool', none) : null;
  },
  Step: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const alpha = (attributes['alpha'] as number | undefined) ?? 0;
    return x.dtype === 'float32' ? backend.record(step, [x], x.shape, 'float32', { alpha }) : null;
  },
  LeakyRelu: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    return x.dtype === 'float32'
      ? backend.record(leakyRelu, [x], x.shape, 'float32', { alpha: attributes['alpha'] as number })
      : null;
  },
  ClipByValue: (backend, inputs, attributes) => {
    const x = required(inputs, 'x');
    const { clipValueMin: min, clipValueMax: max } = attributes as { clipValueMin: number; clipValueMax: number };
    const whole = Number.isInteger(min) && Number.isInteger(max);
    return x.dtype === 'float32' || (x.dtype === 'int32' && whole)
      ? backend.record(clip, [x], x.shape, x.dtype, { min, max })
      : null;
  },
  Cast: (backend, inputs, attributes) => {
    const dtype = attributes['dtype'] as DataType;
    return dtype === 'float32' || dtype === 'int32' || dtype === 'bool'
      ? castTo(backend, required(inputs, 'x'), dtype)
      : null;
  },
};

const logicalNot = elementwise('LogicalNot', (graph, [x]) => graph.op('Not', [x]));

type Types = readonly DataType[];
const numbers: Types = ['float32', 'int32'];
const floats: Types = ['float32'];
const bools: Types = ['bool'];

/** f(a, b) on operands of one of the given types; others decline. */
function binary(operation: Operation<Record<string, never>>, types: Types, resultType?: DataType): Kernel {
  return (backend, inputs) => {
    const [a, b] = [required(inputs, 'a'), required(inputs, 'b')];
    if (a.dtype !== b.dtype || !types.includes(a.dtype)) return null;
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    return backend.record(operation, [a, b], shape, resultType ?? a.dtype, none);
  };
}

function binaryOperator(name: string, type: string, types: Types, resultType?: DataType): Kernel {
  return binary(
    elementwise(name, (graph, operands) => graph.op(type, operands)),
    types,
    resultType,
  );
}

/**
 * @param onNumbers the same on numbers 0 and 1, where the result is not 0. WebGPU's own And and Or read bools that broadcast along the last
 *   axis wrongly: four of them lie in one word
 */
function logical(name: string, type: string, onNumbers: string): Kernel {
  const operation = elementwise(name, (graph, operands) => {
    if (graph.can('broadcastBools')) return graph.op(type, operands);
    const asNumbers = operands.map((operand) => graph.op('Cast', [operand], { to: onnxType.int32 }));
    return graph.op('Cast', [graph.op(onNumbers, asNumbers)], { to: onnxType.bool });
  });
  return binary(operation, bools);
}

function comparison(name: string, type: string): Kernel {
  return binaryOperator(name, type, numbers, 'bool');
}

const notEqual = elementwise('NotEqual', (graph, operands) => graph.op('Not', [graph.op('Equal', operands)]));

/** tfjs's remainder has the sign of the divisor, C's fmod that of the dividend. */
const mod = elementwise('Mod', (graph, [a, b]) => {
  const remainder = graph.op('Mod', [a, b], { fmod: 1 });
  const shifted = graph.op('Mod', [graph.op('Add', [remainder, b]), b], { fmod: 1 });
  const negative = (x: string) => graph.op('Less', [x, zero(graph)]);
  return graph.op('Where', [graph.op('Xor', [negative(a), negative(b)]), shifted, remainder]);
});

const squaredDifference = elementwise('SquaredDifference', (graph, operands, _, node) => {
  const isWide = node.dtype === 'int32' && exactIntegers(graph);
  const difference = graph.op('Sub', isWide ? operands.map((operand) => widen(graph, operand)) : operands);
  const square = graph.op('Mul', [difference, difference]);
  return isWide ? toInt32(graph, square) : square;
});

const eluGrad = elementwise('EluGrad', (graph, [dy, y]) => {
  const negative = graph.op('Mul', [dy, graph.op('Add', [y, one(graph)])]);
  return graph.op('Where', [graph.op('GreaterOrEqual', [y, zero(graph)]), dy, negative]);
});

const prelu = elementwise('Prelu', (graph, [x, alpha]) =>
  graph.op('Where', [graph.op('Less', [x, zero(graph)]), graph.op('Mul', [x, alpha]), x]),
);

const select = elementwise('Select', (graph, operands) => graph.op('Where', operands));

const addN = elementwise('AddN', (graph, operands) => graph.op('Sum', operands));

const binaryKernels: KernelTable = {
  Add: binary(add, numbers),
  Sub: binaryOperator('Sub', 'Sub', numbers),
  Multiply: binary(multiply, numbers),
  RealDiv: binaryOperator('RealDiv', 'Div', floats),
  Maximum: binaryOperator('Maximum', 'Max', numbers),
  Minimum: binaryOperator('Minimum', 'Min', numbers),
  Mod: binary(mod, floats),
  SquaredDifference: binary(squaredDifference, numbers),
  Greater: comparison('Greater', 'Greater'),
  GreaterEqual: comparison('GreaterEqual', 'GreaterOrEqual'),
  Less: comparison('Less', 'Less'),
  LessEqual: comparison('LessEqual', 'LessOrEqual'),
  Equal: binaryOperator('Equal', 'Equal', [...numbers, 'bool'], 'bool'),
  NotEqual: binary(notEqual, [...numbers, 'bool'], 'bool'),
  LogicalAnd: logical('LogicalAnd', 'And', 'Mul'),
  LogicalOr: logical('LogicalOr', 'Or', 'Add'),
  EluGrad: (backend, inputs) => {
    const [dy, y] = [required(inputs, 'dy'), required(inputs, 'y')];
    return backend.record(eluGrad, [dy, y], y.shape, 'float32', none);
  },
  Prelu: (backend, inputs) => {
    const [x, alpha] = [required(inputs, 'x'), required(inputs, 'alpha')];
    if (x.dtype !== 'float32' || alpha.dtype !== 'float32') return null;
    return backend.record(
      prelu,
      [x, alpha],
      tf.broadcast_util.assertAndGetBroadcastShape(x.shape, alpha.shape),
      'float32',
      none,
    );
  },
  Select: (backend, inputs) => {
    const [condition, t, e] = [required(inputs, 'condition'), required(inputs, 't'), required(inputs, 'e')];
    if (t.dtype !== e.dtype || t.dtype === 'bool' || condition.dtype !== 'bool') return null;
    // tfjs does not broadcast to an axis without elements, and passes shapes that differ.
    if ([condition, t, e].some(({ shape }) => shape.includes(0))) return null;
    if (condition.shape.length === t.shape.length)
      return backend.record(select, [condition, t, e], t.shape, t.dtype, none);
    // A condition of rank 1 chooses whole rows.
    if (condition.shape.length !== 1) return null;
    const rows = backend.reshaped(condition, [...condition.shape, ...t.shape.slice(1).fill(1)]);
    return through(backend, rows, () => backend.record(select, [rows, t, e], t.shape, t.dtype, none));
  },
  AddN: (backend, inputs) => {
    const terms = Object.values(inputs as Record<string, TensorInfo>);
    const [first] = terms;
    if (first === undefined || terms.some(({ dtype }) => dtype !== 'float32')) return null;
    return backend.record(addN, terms, first.shape, 'float32', none);
  },
};

export const elementwiseKernels: KernelTable = { ...unaryKernels, ...binaryKernels };
