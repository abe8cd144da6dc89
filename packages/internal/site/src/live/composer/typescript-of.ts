/** A composition as a program. */
import { type Composition, partNames, summarizeComposition } from './composition.js';
import { kindOf } from './parts.js';

/** @throws RangeError where a part cannot take what comes in */
export function typescriptOf(composition: Composition): string {
  const { input, parts } = composition;
  const names = partNames(parts);
  const sizes = summarizeComposition(composition).parts.map(({ outputShape }) => outputShape.join('x'));
  const imports = new Set(parts.flatMap(({ kind }) => kindOf(kind).imports));
  const statements: string[] = [];
  /** Layers that follow each other, until a block comes. */
  let connected: string[] = [];
  const connect = () => {
    if (connected.length === 0) return;
    imports.add('connect');
    statements.push(['x = connect(', '  x,', ...connected, ');'].join('\n'));
    connected = [];
  };
  for (const [i, { kind, values }] of parts.entries()) {
    const code = kindOf(kind).code(values, names[i] ?? kind);
    if ('block' in code) {
      connect();
      statements.push(`x = ${code.block}; // ${sizes[i]}`);
    } else
      connected.push(
        ...code.layers.map((layer, at) => `  ${layer},${at + 1 === code.layers.length ? ` // ${sizes[i]}` : ''}`),
      );
  }
  connect();
  const used = [...imports].sort();
  return [
    ...(used.length === 0 ? [] : [`import { ${used.join(', ')} } from '@cnnzoo/blocks';`]),
    "import { input, model } from '@tensorflow/tfjs-layers';",
    '',
    `const image = input({ shape: [${input.join(', ')}], name: 'input' });`,
    'let x = image;',
    ...statements,
    "export const network = model({ inputs: image, outputs: x, name: 'own' });",
    '',
  ].join('\n');
}
