import { check, listOf, shown, text } from '@cnnzoo/checks';
import { checkShape } from './check-shape.js';
import type { LayerSpec, Shape } from './layer-spec.js';

const namesRule = /* @__PURE__ */ listOf(text);

/** A layer with its name and the names of what comes in. */
export interface LayerNode {
  readonly spec: LayerSpec;
  readonly name: string;
  readonly inputs: readonly string[];
  /** The layer's number in the list it came from, from 1, and the length of that list. */
  readonly place: string;
}

export interface LayerGraph {
  /** The network's inputs by name. */
  readonly inputs: ReadonlyMap<string, Shape>;
  /** Whether the list has layers of type Input. */
  readonly namesInputs: boolean;
  /** Every layer, none before one it depends on. */
  readonly nodes: readonly LayerNode[];
  /** The layer whose output is the network's: the last one of the list unless the network says otherwise. */
  readonly output: string;
}

/**
 * Connects the layers of a list by their names and puts them in an order in which they can be computed.
 *
 * @throws TypeError or RangeError naming the layer's place: names taken twice, inputs nobody has, cycles, no input shape
 */
export function connectLayers(
  specs: readonly LayerSpec[],
  inputShape: Shape | undefined,
  output: string | undefined,
): LayerGraph {
  if (specs.length === 0) throw new RangeError('the list of layers is empty, expected at least one');
  const inputs = new Map<string, Shape>();
  const byName = new Map<string, LayerNode>();
  let previous = 'input';
  for (const [index, spec] of specs.entries()) {
    const place = `layer ${index + 1} of ${specs.length}`;
    if (typeof spec !== 'object' || spec === null || typeof spec.type !== 'string') {
      throw new TypeError(`${place}: expected a layer such as { type: 'ReLU' }, got ${shown(spec)}`);
    }
    const name = spec.name ?? `${spec.type.toLowerCase()}_${index + 1}`;
    check(`${place}: name`, name, text);
    if (byName.has(name) || inputs.has(name)) {
      throw new RangeError(`${place}: the name ${shown(name)} is taken, expected one of its own`);
    }
    if (spec.type === 'Input') {
      inputs.set(name, checkShape(name, inputs.size === 0 && inputShape !== undefined ? inputShape : spec.shape));
    } else {
      const named = spec.inputs ?? previous;
      const inputNames = typeof named === 'string' ? [named] : check(`${place}: inputs`, named, namesRule);
      byName.set(name, { spec, name, inputs: inputNames, place });
    }
    previous = name;
  }
  const namesInputs = inputs.size > 0;
  if (!namesInputs) {
    if (inputShape === undefined) {
      throw new TypeError('inputShape is missing, expected the input as [height, width, channels]');
    }
    inputs.set('input', checkShape('inputShape', inputShape));
  }
  return { inputs, namesInputs, nodes: inComputableOrder(byName, inputs), output: output ?? previous };
}

/** Keeps the list's order where it is computable. Without recursion: networks have thousands of layers in a chain. */
function inComputableOrder(
  byName: ReadonlyMap<string, LayerNode>,
  inputs: ReadonlyMap<string, Shape>,
): readonly LayerNode[] {
  const order: LayerNode[] = [];
  const done = new Set<string>(inputs.keys());
  for (const root of byName.values()) {
    const path: LayerNode[] = done.has(root.name) ? [] : [root];
    while (path.length > 0) {
      const node = path[path.length - 1] as LayerNode;
      const missing = node.inputs.find((name) => !done.has(name));
      if (missing === undefined) {
        order.push(node);
        done.add(node.name);
        path.pop();
        continue;
      }
      const next = byName.get(missing);
      if (next === undefined) {
        throw new RangeError(
          `${node.place}, ${shown(node.name)}: its input ${shown(missing)} is no layer of the network; there are ${[...inputs.keys(), ...byName.keys()].slice(0, 12).map(shown).join(', ')}${byName.size > 11 ? ', …' : ''}`,
        );
      }
      const start = path.indexOf(next);
      if (start >= 0) {
        const cycle = [...path.slice(start), next].map((each) => each.name);
        throw new RangeError(
          `${next.place}, ${shown(next.name)}: depends on its own output (${cycle.reverse().join(' -> ')}); the nearest that fits takes its input from a layer before`,
        );
      }
      path.push(next);
    }
  }
  return order;
}
