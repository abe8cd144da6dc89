import type { Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { walkGraph } from './graph-walk.js';

/**
 * The shape of a tensor of a model for an input of another size, without computing anything.
 * @param input the model's input [batch, height, width, channels]
 * @param size height and width it shall have
 * @returns the shape with the batch in front
 * @throws RangeError naming the layer for which nothing is left
 */
export function outputShapeFor(
  input: SymbolicTensor,
  output: SymbolicTensor,
  [height, width]: readonly [number, number],
): Shape {
  const tooSmall = (layer: string, why: string) =>
    new RangeError(`an input of ${height} x ${width} is too small: at layer '${layer}' ${why}`);
  return walkGraph<Shape>(
    output,
    new Map([[input.id, [null, height, width, input.shape[3] ?? null]]]),
    (layer, shapes) => {
      const [first = [], ...others] = shapes;
      let computed: Shape | Shape[];
      try {
        computed = layer.computeOutputShape(others.length === 0 ? first : shapes);
      } catch (error) {
        throw tooSmall(layer.name, error instanceof Error ? error.message : String(error));
      }
      const all = (Array.isArray(computed[0]) ? computed : [computed]) as Shape[];
      for (const shape of all)
        if (shape.some((size) => size !== null && size < 1))
          throw tooSmall(layer.name, `the output would be ${shape.slice(1).join(' x ')}`);
      return all;
    },
  );
}
