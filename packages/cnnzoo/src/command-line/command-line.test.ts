import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from './command-line.js';

async function run(...args: string[]) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const code = await runCommand(args, {
    print: (text) => printed.push(text),
    complain: (text) => complaints.push(text),
  });
  return { code, printed: printed.join('\n'), complaints: complaints.join('\n') };
}

test('lists the networks of a family', async () => {
  expect(await run('list', '--family', 'alexnet')).toEqual({
    code: 0,
    printed: 'alexnet\nalexnet_paper\nalexnet_book',
    complaints: '',
  });
  expect((await run('list')).printed).toContain('\nresnet50\n');
});

test('summarizes a network', async () => {
  const { code, printed } = await run('summary', 'lenet5');
  expect(code).toBe(0);
  expect(printed).toContain('Total params: 61,706');
  expect((await run('summary', 'lenet5', '--input', '28x28x1', '--classes', '2')).printed).toContain(
    'Total params: 43',
  );
});

test("prints a paper's recipe by its name", async () => {
  expect((await run('recipe')).printed.split('\n')).toEqual(expect.arrayContaining(['lenet', 'vgg', 'resnet-cifar']));
  const { code, printed } = await run('recipe', 'inception');
  expect(code).toBe(0);
  expect(printed).toContain('rmsprop(learning rate 0.045, decay 0.9, momentum 0.9, epsilon 1');
});

test('exports a network', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'export-'));
  const file = join(folder, 'lenet5.onnx');
  const { code, printed } = await run('export', 'lenet5', file, '--classes', '3', '--layout', 'NCHW');
  expect(code).toBe(0);
  expect(printed).toBe(`${file}\nwithout --weights: the weights are random`);
  expect(readFileSync(file).includes('fc3')).toBe(true);
  expect((await run('export', 'lenet5', file, '--batch', 'many')).complaints).toMatch(/batchSize is/);
  rmSync(folder, { recursive: true });
});

test('examines the machine', async () => {
  const { code, printed } = await run('doctor', '--json', '--no-measure');
  expect(code).toBe(0);
  const report = JSON.parse(printed) as { choice: string; engines: { engine: string; works: boolean }[] };
  expect(report.engines.find(({ engine }) => engine === 'onnx-cpu')).toMatchObject({ works: true, canTrain: true });
  expect(report.engines.map(({ engine }) => engine)).toContain(report.choice);
});

test.each([
  [[], 2, /^$/],
  [['lists'], 2, /no command 'lists', did you mean list/],
  [['list', '--family', 'resnets'], 2, /family must be one of .*, got 'resnets'/],
  [['list', '--all'], 2, /--all/],
  [['summary'], 2, /one network, got 0/],
  [['summary', 'resnet5'], 2, /'resnet50'/],
  [['summary', 'lenet5', '--input', '32'], 2, /--input is '32'/],
  [['summary', 'lenet5', '--classes', 'ten'], 2, /numClasses must be .*, got NaN/],
  [['summary', 'lenet5', '--style', 'html'], 2, /style/],
  [['recipe', 'resnext'], 2, /one of lenet, alexnet/],
  [['recipe', 'vgg', 'resnet'], 2, /one name, got 2/],
  [['export', 'lenet5'], 2, /a network and a file, got 1/],
  [['doctor', '--yaml'], 2, /--yaml/],
])('%j is refused', async (args, expected, message) => {
  const { code, complaints } = await run(...args);
  expect(code).toBe(expected);
  expect(complaints).toMatch(message);
});
