import { expect, test } from 'vitest';
import { contendersOf, type EngineId } from './contenders.js';
import { startEngine } from './engine-process.js';

/** The start of an engine's process, with tsx, which vitest does not pass on. */
function startOf(engine: EngineId) {
  const [contender] = contendersOf([engine], ['tfjs-layers'], 1, { tfjsNode: undefined, pythons: ['/nowhere/python'] });
  if (contender === undefined) throw new Error(`no contender for ${engine}`);
  const { command, args, environment } = contender.start;
  const program = args.slice(args.findIndex((argument) => argument.endsWith('main.ts')));
  return { command, args: engine === 'pytorch' ? args : ['--import', 'tsx', ...program], environment };
}

test('the onnx backend and tfjs cpu do the same work', async () => {
  const losses: number[][] = [];
  for (const engine of ['onnx', 'tfjs-cpu'] as const) {
    const process = await startEngine(startOf(engine));
    const { parameters } = await process.prepare({
      network: 'lenet5',
      mode: 'train',
      batchSize: 2,
      learningRate: 0.01,
    });
    expect(parameters).toBe(61_706);
    const { times, results } = await process.run(2);
    expect(times).toHaveLength(2);
    losses.push([...results]);
    const { residentMemory, peakMemory, compilation } = await process.inspect();
    expect(peakMemory).toBeGreaterThanOrEqual(residentMemory / 2);
    expect(compilation === null).toBe(engine !== 'onnx');
    await process.stop();
  }
  const [onnx = [], cpu = []] = losses;
  onnx.forEach((loss, i) => {
    expect(loss).toBeCloseTo(cpu[i] ?? Number.NaN, 4);
  });
});

test('a missing engine says why', async () => {
  await expect(startEngine(startOf('pytorch'))).rejects.toThrow('ENOENT');
});

test('a process that dies says how', async () => {
  const start = { command: process.execPath, args: ['-e', 'throw new Error("broken")'], environment: process.env };
  await expect(startEngine(start)).rejects.toThrow('broken');
});

test('an error in a request leaves the process usable', async () => {
  const engine = await startEngine(startOf('tfjs-cpu'));
  await expect(engine.run(1)).rejects.toThrow("'run' came before 'prepare'");
  expect((await engine.inspect()).tensors).toBe(0);
  await engine.stop();
});
