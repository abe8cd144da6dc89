/** Networks of 8-bit integers that meet another processor than they were made for. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { saturatingProcessor } from '@cnnzoo/testing/saturating-processor';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeModel, type GraphProto, onnxType } from '../graph/onnx-model.js';
import { recordedQuantization } from './recorded-quantization.js';
import { processorWarning } from './warn-of-processor.js';

const folder = mkdtempSync(join(tmpdir(), 'warn-of-processor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const value = (name: string) => ({
  name,
  type: { tensorType: { elemType: onnxType.float32, shape: { dim: [1, 2, 2, 1].map((dimValue) => ({ dimValue })) } } },
});
const graph: GraphProto = {
  name: 'relu',
  node: [{ opType: 'Relu', name: 'relu', domain: '', input: ['x'], output: ['y'], attribute: [] }],
  initializer: [{ name: 'unused', dims: [5000], dataType: onnxType.float32, rawData: new Uint8Array(20_000) }],
  input: [value('x')],
  output: [value('y')],
};

function bytesOf(metadata: Readonly<Record<string, string>>): Uint8Array {
  return encodeModel(graph, [], { opset: 17, docString: 'a network', metadata });
}

function fileOf(name: string, metadata: Readonly<Record<string, string>>): string {
  const file = join(folder, `${name}.onnx`);
  writeFileSync(file, bytesOf(metadata));
  return file;
}

const int8 = { categories: '["a"]', quantization: '{"format":"QDQ","weights":"int8"}' };
const int7 = { quantization: '{"format":"QDQ","weights":"int7"}' };

describe('what a file says of its quantization', () => {
  it('is found in the file and in its bytes', () => {
    expect(recordedQuantization(fileOf('int8', int8))).toMatchObject({ weights: 'int8' });
    expect(recordedQuantization(bytesOf(int7))).toMatchObject({ weights: 'int7' });
  });

  it('is nothing where there is none, where others use its name, and where the file is broken', () => {
    for (const metadata of [{}, { quantization: 'dynamic' }, { quantization: 'null' }, { quantization: '{"bits":4}' }])
      expect(recordedQuantization(fileOf('other', metadata))).toBeNull();
    expect(recordedQuantization(join(folder, 'none.onnx'))).toBeNull();
    expect(recordedQuantization(folder)).toBeNull();
    const whole = bytesOf(int8);
    for (let length = 0; length < whole.length; length += length < 100 || length > 20_000 ? 1 : 977) {
      const found = recordedQuantization(whole.subarray(0, length));
      const file = join(folder, 'part.onnx');
      writeFileSync(file, whole.subarray(0, length));
      expect(recordedQuantization(file), `of ${length} bytes`).toEqual(found);
    }
    const random = whole.slice();
    for (let i = 0; i < whole.length; i++) random[i] = (i * 2_654_435_761) >>> 24;
    expect(recordedQuantization(random)).toBeNull();
  });
});

it('8-bit weights are warned of where their sums saturate, and 7-bit ones nowhere', () => {
  const warning = (weights: string, products: 'exact' | 'saturating') => processorWarning('n', { weights }, products);
  expect(warning('int8', 'saturating')).toMatch(/^n has weights of 8 bits.*saturate.*weights: 'int7'/);
  for (const [weights, products] of [
    ['int8', 'exact'],
    ['int7', 'exact'],
    ['int7', 'saturating'],
  ] as const)
    expect(warning(weights, products)).toBeNull();
});

it('a process on the wrong processor says so once for each network, wherever it runs', async () => {
  const [bad, good] = [fileOf('bad', int8), fileOf('good', int7)];
  const program = `
    import { readFileSync } from 'node:fs';
    import { freeze, int8Products, openOnnxFile } from '${new URL('../../dist/index.js', import.meta.url)}';
    const signature = (model) => ({ model, input: 'x', output: 'y', inputShape: [2, 2, 1], outputShape: [2, 2, 1], batchSize: null, layout: 'NHWC', type: 'float32' });
    for (const [name, file] of [['bad', ${JSON.stringify(bad)}], ['good', ${JSON.stringify(good)}]])
      for (const opened of [
        openOnnxFile(file, signature(name)),
        openOnnxFile(file, signature(name), { worker: 2 }),
        openOnnxFile(file, signature(name), { worker: true, processes: true }),
        freeze({ model: readFileSync(file), signature: signature(name) }),
        freeze({ model: readFileSync(file), signature: signature(name) }, { worker: true }),
      ]) {
        await opened.run(new Float32Array(4));
        await opened.dispose();
      }
    console.log(int8Products());`;
  const script = join(folder, 'program.mjs');
  writeFileSync(script, program);
  const run = async (options: readonly string[]) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...options, script]);
    return { products: stdout.trim(), warnings: stderr.split('\n').filter((line) => line.includes('CNNZOO_INT8')) };
  };
  const { products, warnings } = await run(saturatingProcessor);
  expect(products).toBe('saturating');
  expect(warnings).toEqual([
    expect.stringMatching(/QuantizationWarning: .*bad\.onnx has weights of 8 bits/),
    expect.stringMatching(/QuantizationWarning: model 'bad' has weights of 8 bits/),
  ]);
  const here = await run([]);
  if (here.products === 'exact') expect(here.warnings).toEqual([]);
});
