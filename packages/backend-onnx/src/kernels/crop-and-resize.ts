/**
 * Crops of pictures by boxes, resized. Where a pixel is read follows from boxes that may be computed in the same graph, so it is
 * computed there, in float64 and in tfjs's order: a position on the edge must not be outside.
 */
import type { Emission } from '../graph/emission.js';
import type { LazyNode } from '../graph/node.js';
import { onnxType } from '../graph/onnx-model.js';
import type { Operation } from '../graph/operation.js';
import { type KernelTable, required } from '../tfjs/kernel.js';
import { widen, wideScalar } from './wide-numbers.js';

type CropAttributes = { nearest: boolean; extrapolationValue: number };

/** One axis of all crops: position p of box n reads pixels `first` and `second`, the second with the weight `fraction`. */
interface Axis {
  readonly first: string;
  readonly second: string;
  readonly fraction: string;
  readonly inside: string;
}

/**
 * @param start names of the boxes' starts and ends, [boxes, 1], in float64
 * @returns names of values [boxes, cropSize]
 */
function axisOf(
  graph: Emission,
  [start, end]: readonly [string, string],
  imageSize: number,
  cropSize: number,
  nearest: boolean,
): Axis {
  const wide = (value: number) => wideScalar(graph, value);
  const last = wide(imageSize - 1);
  const steps = widen(
    graph,
    graph.tensor(
      'float32',
      Array.from({ length: cropSize }, (_, i) => i),
    ),
  );
  const scale = graph.op('Div', [graph.op('Mul', [graph.op('Sub', [end, start]), last]), wide(cropSize - 1)]);
  const position =
    cropSize > 1
      ? graph.op('Add', [graph.op('Mul', [start, last]), graph.op('Mul', [steps, scale])])
      : graph.op('Mul', [graph.op('Mul', [wide(0.5), graph.op('Add', [start, end])]), last]);
  const inside = graph.op('And', [
    graph.op('GreaterOrEqual', [position, wide(0)]),
    graph.op('LessOrEqual', [position, last]),
  ]);
  const within = graph.op('Where', [inside, position, wide(0)]);
  const rounded = graph.op('Floor', [nearest ? graph.op('Add', [within, wide(0.5)]) : within]);
  const integer = (x: string) => graph.op('Cast', [x], { to: onnxType.int32 });
  return {
    first: integer(rounded),
    second: integer(graph.op('Ceil', [within])),
    fraction: graph.op('Cast', [graph.op('Sub', [within, rounded])], { to: onnxType.float32 }),
    inside,
  };
}

const cropAndResize: Operation<CropAttributes> = {
  name: 'CropAndResize',
  emit(graph, node, { nearest, extrapolationValue }) {
    const [image, boxes, boxIndices] = node.inputs as [LazyNode, LazyNode, LazyNode];
    const [batch = 1, height = 1, width = 1, channels = 1] = image.shape;
    const [count = 1, cropHeight = 1, cropWidth = 1] = node.shape;
    const [y1 = '', x1 = '', y2 = '', x2 = ''] = graph.ops(
      'Split',
      [widen(graph, graph.get(boxes)), graph.ints([1, 1, 1, 1])],
      4,
      { axis: 1 },
    );
    const rows = axisOf(graph, [y1, y2], height, cropHeight, nearest);
    const columns = axisOf(graph, [x1, x2], width, cropWidth, nearest);
    const down = (x: string) => graph.reshape(x, [count, cropHeight, 1]);
    const across = (x: string) => graph.reshape(x, [count, 1, cropWidth]);

    const which = graph.reshape(graph.get(boxIndices), [count, 1, 1]);
    const zero = graph.scalar('int32', 0);
    const exists = graph.op('And', [
      graph.op('GreaterOrEqual', [which, zero]),
      graph.op('Less', [which, graph.scalar('int32', batch)]),
    ]);
    const picture = graph.op('Where', [exists, which, zero]);
    const pixels = graph.reshape(graph.get(image), [batch * height * width, channels]);
    const read = (row: string, column: string) => {
      const line = graph.op('Add', [graph.op('Mul', [picture, graph.scalar('int32', height)]), down(row)]);
      const index = graph.op('Add', [graph.op('Mul', [line, graph.scalar('int32', width)]), across(column)]);
      const found = graph.op('Gather', [pixels, index], { axis: 0 });
      return image.dtype === 'float32' ? found : graph.op('Cast', [found], { to: onnxType.float32 });
    };
    const mix = (a: string, b: string, fraction: string) =>
      graph.op('Add', [a, graph.op('Mul', [graph.op('Sub', [b, a]), fraction])]);
    let values = read(rows.first, columns.first);
    if (!nearest) {
      const horizontal = graph.reshape(columns.fraction, [count, 1, cropWidth, 1]);
      const top = mix(values, read(rows.first, columns.second), horizontal);
      const bottom = mix(read(rows.second, columns.first), read(rows.second, columns.second), horizontal);
      values = mix(top, bottom, graph.reshape(rows.fraction, [count, cropHeight, 1, 1]));
    }
    const inside = graph.reshape(graph.op('And', [down(rows.inside), across(columns.inside)]), [
      count,
      cropHeight,
      cropWidth,
      1,
    ]);
    const extrapolated = graph.op('Where', [inside, values, graph.scalar('float32', extrapolationValue)]);
    // A box of a picture that there is not stays zero.
    const result = graph.op('Where', [
      graph.reshape(exists, [count, 1, 1, 1]),
      extrapolated,
      graph.scalar('float32', 0),
    ]);
    graph.set(node, 'plain', result);
  },
};

export const cropAndResizeKernels: KernelTable = {
  CropAndResize: (backend, inputs, attributes) => {
    const [image, boxes, boxInd] = [required(inputs, 'image'), required(inputs, 'boxes'), required(inputs, 'boxInd')];
    const { cropSize, method, extrapolationValue } = attributes as unknown as {
      cropSize: [number, number];
      method: 'bilinear' | 'nearest';
      extrapolationValue: number;
    };
    if (boxes.dtype !== 'float32' || boxInd.dtype !== 'int32' || image.dtype === 'bool' || image.shape.includes(0))
      return null;
    const shape = [boxes.shape[0] ?? 0, ...cropSize, image.shape[3] ?? 1];
    return backend.record(cropAndResize, [image, boxes, boxInd], shape, 'float32', {
      nearest: method === 'nearest',
      extrapolationValue,
    });
  },
};
