/** The diagram of the packages in docs/architecture.md: a Mermaid flowchart of their package.json files. */
import { declaredImports } from './imports.js';

/** The diagram in the page. */
export const packageDiagram = /^```mermaid\n(flowchart TD\n.*?)\n```$/ms;

/** What packages with the same imports and the same users share, such as the families of networks. */
interface Box {
  readonly names: string[];
  readonly imports: ReadonlySet<string>;
  /** Used only where an app has installed it. */
  readonly optional: ReadonlySet<string>;
}

function boxes(): Box[] {
  const declared = declaredImports();
  const optional = declaredImports({ optional: true });
  const users = (name: string) => [...declared].filter(([, imports]) => imports.has(name)).map(([user]) => user);
  const groups = new Map<string, Box>();
  for (const [name, all] of declared) {
    const ours = [...all].filter((imported) => declared.has(imported)).sort();
    const key = ours.length === 0 ? name : `${ours} < ${users(name)}`;
    const group = groups.get(key) ?? {
      names: [],
      imports: new Set(ours.filter((imported) => !optional.get(name)?.has(imported))),
      optional: new Set(ours.filter((imported) => optional.get(name)?.has(imported))),
    };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The boxes that a box imports, without those that one of the others imports already. */
function direct(box: Box, all: readonly Box[]): Box[] {
  const imported = all.filter(({ names }) => names.some((name) => box.imports.has(name)));
  const below = (from: Box): Box[] => direct(from, all).flatMap((next) => [next, ...below(next)]);
  const indirect = new Set(imported.flatMap(below));
  return imported.filter((next) => !indirect.has(next));
}

/** Arrows point from a package to those that it imports, dashed to optional ones. Those that follow from others are left out. */
export function packageGraph(): string {
  const all = boxes();
  const id = ({ names: [first = ''] }: Box) => first.replaceAll('-', '_');
  const lines = all.flatMap((box) => [
    `  ${id(box)}["${box.names.join('<br>')}"]`,
    ...direct(box, all).map((imported) => `  ${id(box)} --> ${id(imported)}`),
    ...all
      .filter(({ names }) => names.some((name) => box.optional.has(name)))
      .map((imported) => `  ${id(box)} -.-> ${id(imported)}`),
  ]);
  return ['flowchart TD', ...lines].join('\n');
}
