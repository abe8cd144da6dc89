/** The messages of docs/troubleshooting.md are those that the code prints. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { publishedPackages, root } from '@cnnzoo/tooling/published-packages';
import { expect, test } from 'vitest';

/** What npm, TypeScript, Node, a bundler and the system print, and the decoder below sharp. */
const others = [
  'getaddrinfo ENOTFOUND …',
  '… packages have install scripts not yet covered by allowScripts',
  "error TS2304: Cannot find name 'Long'",
  "version 'GLIBC_…' not found",
  "Cannot find package '…'",
  '… is not exported by "…/runs-in-browsers.js"',
  'ERR_DLOPEN_DISABLED',
  'Input buffer contains unsupported image format',
];

/** Joined from parts, and therefore nowhere in the code as a whole. */
const composed = [
  '…: not a JPEG, PNG, WebP, GIF, TIFF, BMP or PPM file (… bytes)',
  'Unknown layer: Cnnzoo…',
  'optimizer must be one of @cnnzoo/train, such as sgd({ learningRate: 0.1 }): its state is saved, …',
  'Error when checking …: expected … to have shape […] but got array with shape […].',
];

const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => heading);
const messages = headings.map((heading) => /^`(.*?)`/.exec(heading)?.[1] ?? '');

/** All TypeScript below a folder but tests, and a dependency's JavaScript. */
function sources(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const ours = files.filter((path) => path.endsWith('.ts') && !/\.test\.ts$|node_modules/.test(path));
  return ours.map((path) => readFileSync(join(folder, path), 'utf8')).join('\n');
}

function ofDependency(dependent: string, file: string): string {
  return readFileSync(createRequire(join(root, dependent, 'package.json')).resolve(file), 'utf8');
}

test('every heading is a message', () => {
  expect(messages.length).toBeGreaterThan(30);
  expect(headings.filter((_, index) => messages[index] === '')).toEqual([]);
});

test('every message but those of tools is printed by this code, tfjs or sharp', () => {
  const text = [
    ...publishedPackages().map(({ folder }) => sources(join(folder, 'src'))),
    ...['files', 'checks', 'workers', 'onnx-format'].map((name) =>
      sources(join(root, 'packages/internal', name, 'src')),
    ),
    ofDependency('packages/cnnzoo', '@tensorflow/tfjs-core'),
    ofDependency('packages/cnnzoo', '@tensorflow/tfjs-layers'),
    ofDependency('packages/backend-onnx', '@tensorflow/tfjs-backend-cpu'),
    readFileSync(
      join(dirname(createRequire(join(root, 'packages/data/package.json')).resolve('sharp')), 'sharp.cjs'),
      'utf8',
    ),
  ]
    .join('\n')
    // Texts in several parts, by + and by concat.
    .replace(/['"`]\s*\+\s*['"`]|['"`]\.concat\(['"`]/g, '');
  const strange = messages.filter(
    (message) =>
      ![...others, ...composed].includes(message) && fragments(message).some((fragment) => !text.includes(fragment)),
  );
  expect([...others, ...composed].filter((message) => !messages.includes(message))).toEqual([]);
  expect(strange).toEqual([]);
});

/** What a message has in every case: what is between the ellipses, without the quotes, parentheses and spaces around them. */
function fragments(message: string): string[] {
  return message
    .split('…')
    .map((part) => part.replace(/^[\s'"()[\],;:.]+|[\s'"()[\],;:.]+$/g, ''))
    .filter((part) => part.length > 2);
}
