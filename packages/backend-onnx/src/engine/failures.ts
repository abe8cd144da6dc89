/** What fails with a node that cannot be computed, and what is said of it. */
import type { LazyNode } from '../graph/node.js';

const form = ({ dtype, shape }: LazyNode) => `${dtype}[${shape}]`;

/** @param nameOf what a user calls a value that a node reads, such as a layer's weight */
function describe(node: LazyNode, nameOf: (leaf: LazyNode) => string | null): string {
  const inputs = node.inputs.map((input) => {
    const name = nameOf(input);
    return name === null ? form(input) : `${form(input)} '${name}'`;
  });
  return `${node.name}(${inputs.join(', ')}) -> ${form(node)}`;
}

/** @param node the one that the runtime blames, or undefined */
export function failureOf(
  node: LazyNode | undefined,
  reason: string,
  cause: unknown,
  nameOf: (leaf: LazyNode) => string | null,
): Error {
  const what = node === undefined ? 'the graph' : describe(node, nameOf);
  return new Error(`backend onnx: ${what} could not be computed: ${reason}`, { cause });
}

/**
 * Gives each node that reads a failed one its failure. The first operation on a value that was wrong from the start is named.
 * @param order inputs before users
 */
export function spreadFailures(order: readonly LazyNode[], nameOf: (leaf: LazyNode) => string | null): void {
  for (const node of order) {
    const failed = node.failure === null ? node.inputs.find((input) => input.failure !== null) : undefined;
    if (failed?.failure == null) continue;
    const { failure } = failed;
    const isSource = failed.name === 'Constant';
    node.failure = isSource ? failureOf(node, failure.message, failure, nameOf) : failure;
  }
}

/** Roots in groups that share no node which is still to be computed. */
export function independentRoots(order: readonly LazyNode[], roots: readonly LazyNode[]): LazyNode[][] {
  const group = new Map<LazyNode, LazyNode>();
  const first = (node: LazyNode): LazyNode => {
    let found = node;
    for (let next = group.get(found); next !== undefined && next !== found; next = group.get(found)) found = next;
    return found;
  };
  for (const node of order) {
    group.set(node, node);
    for (const input of node.inputs) if (group.has(input)) group.set(first(input), node);
  }
  const groups = new Map<LazyNode, LazyNode[]>();
  for (const root of roots) {
    const members = groups.get(first(root));
    if (members === undefined) groups.set(first(root), [root]);
    else members.push(root);
  }
  return [...groups.values()];
}
