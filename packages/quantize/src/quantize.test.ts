/** Quantized networks: beside those of onnxruntime's own quantizer, and their answers. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportOnnx, freeze, openOnnxFile, registerOnnxBackend } from '@cnnzoo/backend-onnx';
import { decodeModel } from '@cnnzoo/onnx-format';
import { uniform } from '@cnnzoo/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Histogram, whole, withAbsoluteValues } from './calibrate/histogram.js';
import { logarithm } from './calibrate/logarithm.js';
import { entropyRange, percentileRange } from './calibrate/thresholds.js';
import histograms from './fixtures/entropy.json' with { type: 'json' };
import golden from './fixtures/quantizer.json' with { type: 'json' };
import { drawSensitivity, formatSensitivity, type QuantizeOptions, quantize, sensitivity } from './index.js';
import { type Figures, figuresOf } from './testing/figures.js';
import { foreignNetwork } from './testing/foreign-network.js';
import { lopsidedNetwork } from './testing/lopsided-network.js';
import { batches, networks } from './testing/networks.js';
import { writeNetwork } from './testing/write-network.js';

beforeAll(async () => {
  registerOnnxBackend();
  await tf.setBackend('onnx');
});

const forms: Readonly<Record<string, QuantizeOptions>> = {
  minmax: { method: 'minmax', weights: 'int8' },
  'minmax, one scale': { method: 'minmax', weights: 'int8', perChannel: false },
  entropy: { method: 'entropy', weights: 'int8' },
  'percentile, 7 bits': { method: 'percentile', weights: 'int7' },
};

/** What is compared with 1e-6 is a scale, and a sum of them has as many times that. */
function expectEqual(found: Figures, expected: Figures): void {
  for (const [name, figures] of Object.entries(expected)) {
    // Scores stay in float here.
    if (!(name in found)) {
      expect(['linear', 'linear_quantized']).toContain(name);
      continue;
    }
    const own = found[name] ?? [];
    expect(own.length, name).toBe(figures.length);
    for (const [i, figure] of figures.entries())
      expect(Math.abs((own[i] ?? Number.NaN) - figure), `${name}[${i}]`).toBeLessThanOrEqual(
        1e-6 * Math.max(1, figure),
      );
  }
}

describe.each(Object.entries(golden as Readonly<Record<string, Readonly<Record<string, Figures>>>>))(
  '%s',
  (name, expected) => {
    it.each(Object.entries(forms))('has the scales and zero points of onnxruntime, %s', async (form, options) => {
      const model = networks[name]?.();
      if (model === undefined) throw new Error(`no network ${name}`);
      const size = model.inputs[0]?.shape.slice(1).reduce((product: number, each) => product * (each ?? 1), 1) ?? 0;
      const before = tf.memory().numTensors;
      const quantized = await quantize(model, batches(size), options);
      expect(tf.memory().numTensors).toBe(before);
      expectEqual(figuresOf(quantized.model), expected[form] ?? {});
      const frozen = freeze(quantized);
      const [images = new Float32Array()] = batches(size);
      const scores = frozen.run(images);
      const exact = tf.tidy(() =>
        (model.predict(tf.tensor4d(images, [4, 32, 32, 3])) as tf.Tensor).dataSync<'float32'>(),
      );
      const largest = exact.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
      for (const [i, score] of scores.entries())
        expect(Math.abs(score - (exact[i] ?? 0)) / largest, `score ${i}`).toBeLessThan(0.1);
      frozen.dispose();
      model.dispose();
    });
  },
);

it("entropy decides as onnxruntime where the last bit of numpy's logarithm does", () => {
  for (const { counts, edges, lowest, highest, range } of histograms) {
    const histogram = { counts: Float64Array.from(counts), edges: Float32Array.from(edges), ...whole, lowest, highest };
    expect(entropyRange(histogram, 128)).toMatchObject({ lowest: range[0], highest: range[1] });
  }
  for (const value of uniform('logarithm', 1000)) {
    const ratio = Math.fround(Math.exp(20 * value));
    expect(Math.abs(logarithm(ratio) - Math.log(ratio))).toBeLessThanOrEqual(2 ** -22 * Math.abs(Math.log(ratio)));
  }
});

it('percentile has the range of all values, though of later batches it counts the largest ones only', () => {
  for (let network = 0; network < 6; network++) {
    const draw = uniform(`sizes ${network}`, 64);
    let [few, all]: (Histogram | undefined)[] = [];
    for (let batch = 0; batch < 24; batch++) {
      // Batches of other sizes of values: rarely much larger ones, mostly smaller than the first.
      const size = batch === 0 ? 1 : 0.2 + Math.abs(draw[batch] ?? 0) + 4 * Math.max(0, (draw[batch + 24] ?? 0) - 0.9);
      const values = uniform(`${network}/${batch}`, 4000).map((value) => size * value ** (1 + (network % 4)));
      const rows = Float32Array.from({ length: 40 }, (_, row) => largest(values.subarray(100 * row, 100 * row + 100)));
      const [lowest, highest] = [Math.min(...values), Math.max(...values)];
      const given = { values, rows, lowest, highest };
      few = withAbsoluteValues(few, given, 2048);
      all = withAbsoluteValues(all && { ...all, ...whole }, { ...given, rows: rows.map(() => highest) }, 2048);
      expect(percentileRange(few, 99.999)).toEqual(percentileRange({ ...all }, 99.999));
    }
    expect(few?.tail, 'a tail').toBeGreaterThan(0);
  }
});

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const python = process.env['CNNZOO_PYTHON'] ?? 'python3';
const hasQuantizer = spawnSync(python, ['-c', 'import onnxruntime.quantization, onnx']).status === 0;
if (!hasQuantizer) console.log('skipped: no Python with onnxruntime and onnx, name one with CNNZOO_PYTHON');

it.skipIf(!hasQuantizer)('the Python that is here says the same of other networks, and runs their files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantizer-'));
  const script = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
  const run = (name: string, ...words: string[]) =>
    JSON.parse(execFileSync(python, [script(name), ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  for (const [name, largest] of Object.entries({ even: 0.3, lopsided: 8 })) {
    const { model, images } = lopsidedNetwork(largest);
    // Of growing values, so that histograms have to grow.
    const parts = [0, 1, 2, 3].map((part) =>
      images.slice((part * images.length) / 4, ((part + 1) * images.length) / 4).map((value) => value * (1 + part)),
    );
    const place = join(folder, name);
    mkdirSync(place);
    await writeNetwork(place, name, model, parts);
    const expected: Readonly<Record<string, Figures>> = run('quantizer.py', place)[name];
    const answers: Float32Array[] = [];
    const files: string[] = [];
    for (const [form, options] of Object.entries(forms)) {
      const quantized = await quantize(model, parts, options);
      expectEqual(figuresOf(quantized.model), expected[form] ?? {});
      files.push(join(place, `${files.length}.int8.onnx`));
      await quantized.save(files.at(-1) ?? '');
      const frozen = freeze(quantized);
      answers.push(frozen.run(parts[0] ?? new Float32Array()));
      frozen.dispose();
    }
    const found: number[][] = run(
      'answers.py',
      ...['f32', 'json'].map((end) => join(place, `${name}.${end}`)),
      ...files,
    );
    for (const [i, scores] of answers.entries()) {
      const most = scores.reduce((largestScore, score) => Math.max(largestScore, Math.abs(score)), 0);
      // Another version may round what lies on a step's edge to the other side.
      for (const [k, score] of scores.entries())
        expect(Math.abs(score - (found[i]?.[k] ?? Number.NaN))).toBeLessThan(0.02 * most);
    }
    model.dispose();
  }
  rmSync(folder, { recursive: true });
});

describe('a file of others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantize-'));
  const file = join(folder, 'foreign.onnx');
  const images = uniform('foreign', 2 * 12 * 12 * 3);

  it('is folded, quantized, and answers as before', async () => {
    writeFileSync(file, foreignNetwork());
    const quantized = await quantize(file, [images], { weights: 'int7' });
    const types = decodeModel(quantized.model).graph?.node.map(({ opType }) => opType);
    for (const gone of ['BatchNormalization', 'Identity', 'Dropout', 'ReduceMean', 'Relu', 'Clip'])
      expect(types).not.toContain(gone);
    expect(() => freeze(quantized)).toThrow(/NCHW.*openOnnxFile/);
    const saved = join(folder, 'quantized.onnx');
    await quantized.save(saved);
    const [exact, found] = [file, saved].map((path) => {
      const opened = openOnnxFile(path, quantized.signature);
      const scores = opened.run(images);
      opened.dispose();
      return scores;
    });
    const largest = exact?.reduce((most, score) => Math.max(most, Math.abs(score)), 0) ?? 0;
    for (const [i, score] of (exact ?? []).entries())
      expect(Math.abs((found?.[i] ?? 0) - score) / largest, `score ${i}`).toBeLessThan(0.05);
    expect(largest).toBeGreaterThan(0.1);
  });

  it('with weights of 16 bits is quantized like one of 32', async () => {
    const model = networks['cifar_resnet20']?.();
    if (model === undefined) throw new Error('no such network');
    const given = batches(32 * 32 * 3);
    const [whole, half] = await Promise.all(
      (['float32', 'float16'] as const).map((weights) =>
        quantize(exportOnnx(model, { weights }), given, { weights: 'int7' }),
      ),
    );
    model.dispose();
    const [expected, found] = [figuresOf(whole?.model ?? new Uint8Array()), figuresOf(half?.model ?? new Uint8Array())];
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    // float16 has 11 bits.
    for (const [name, [scale = Number.NaN]] of Object.entries(expected))
      expect(Math.abs((found[name]?.[0] ?? Number.NaN) / scale - 1), name).toBeLessThan(0.01);
    expect(half?.model.length).toBe(whole?.model.length);
    await expect(quantize(half?.model ?? '', given)).rejects.toThrow(/quantized already: it has QuantizeLinear.*float/);
  });

  it('has layers that can stay in float, and its errors name what is wrong', async () => {
    const left = await quantize(file, [images], { weights: 'int7', exclude: ['conv2'] });
    expect(Object.keys(figuresOf(left.model))).not.toContain('w2');
    await expect(quantize(file, [images], { exclude: ['conv3'] })).rejects.toThrow(/'conv3'.*did you mean 'conv/);
    await expect(quantize(file, [])).rejects.toThrow(/no images/);
    await expect(quantize(file, [images.subarray(1)])).rejects.toThrow(/calibration\[0\] has 863 values/);
    for (const method of ['minmax', 'percentile', 'entropy'] as const) {
      await expect(quantize(file, [images.map(() => Number.NaN)], { method })).rejects.toThrow(/not a number/);
      if (method === 'minmax') continue;
      const [dark, bright] = [images.map((value) => value / 1000), images];
      await expect(quantize(file, [dark, bright], { method })).rejects.toThrow(/times as large.*mix the images/);
    }
    rmSync(folder, { recursive: true });
  });
});

it('leaves a convolution in float by its own name, though a batch normalization is folded into it', async () => {
  const model = networks['cifar_resnet20']?.();
  if (model === undefined) throw new Error('no such network');
  const weightsOf = async (exclude: readonly string[]) => {
    const { graph } = decodeModel((await quantize(model, batches(32 * 32 * 3), { exclude })).model);
    const integers = new Set(
      (graph?.initializer ?? []).filter(({ dataType }) => dataType === 3).map(({ name }) => name),
    );
    return (graph?.node ?? []).filter(({ input: [first = ''] }) => integers.has(first)).length;
  };
  const all = await weightsOf([]);
  expect(await weightsOf(['conv1'])).toBe(all - 1);
  expect(await weightsOf(['conv1', 'layer1.0.conv2', 'linear'])).toBe(all - 3);
  await expect(quantize(model, batches(32 * 32 * 3), { exclude: ['layer1.0.cov2'] })).rejects.toThrow(
    /did you mean 'layer1.0.conv2'/,
  );
  model.dispose();
});

describe('the layers of a network, one of which cannot be quantized with one scale', () => {
  const { model, images, labels } = lopsidedNetwork();
  const test = [0, 1, 2, 3].map((part) => ({
    images: images.subarray((part * images.length) / 4, ((part + 1) * images.length) / 4),
    labels: labels.slice((part * labels.length) / 4, ((part + 1) * labels.length) / 4),
  }));
  const options = { perChannel: false, weights: 'int7' } as const;

  it('cost what they cost alone, in a table and a picture', async () => {
    const before = tf.memory().numTensors;
    const seen: string[] = [];
    const report = await sensitivity(
      model,
      { calibration: [images], test: () => test.values() },
      { ...options, onProgress: (done, all) => seen.push(`${done}/${all}`) },
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(seen).toEqual(['1/5', '2/5', '3/5', '4/5', '5/5']);
    expect(report).toMatchObject({ images: labels.length, accuracy: 1 });
    expect(report.layers.map(({ layer, operator }) => [layer, operator])).toEqual([
      ['good', 'Conv'],
      ['lopsided', 'Conv'],
      ['scores', 'Conv'],
      ['pool', 'GlobalAveragePool'],
    ]);
    for (const { layer, loss } of report.layers)
      if (layer === 'lopsided') expect(loss).toBeGreaterThan(20);
      else expect(loss, layer).toBeLessThan(10);
    const [first, , , worst] = formatSensitivity(report).split('\n').slice(1);
    expect(first).toBe('');
    expect(worst).toMatch(/^lopsided +Conv/);
    const picture = drawSensitivity({ ...report, model: '<b>&' });
    expect(picture.match(/<rect/g)).toHaveLength(5);
    expect(picture).toContain('&lt;b&gt;&amp;');
  });

  it('stay in float as far as they have to, and no further', async () => {
    const quantized = await quantize(model, [images], { ...options, maxLoss: 10, test });
    expect(quantized.facts.excluded).toEqual(['lopsided']);
    expect(quantized.facts.loss).toBeLessThanOrEqual(10);
    expect((await quantize(model, [images], { ...options, maxLoss: 100, test })).facts.excluded).toEqual([]);
    await expect(quantize(model, [images], { maxLoss: 1 })).rejects.toThrow(/maxLoss needs test/);
    const wrong = [{ images, labels: [...labels.slice(1), 9] }];
    await expect(quantize(model, [images], { maxLoss: 1, test: wrong })).rejects.toThrow(
      new RegExp(`test\\[0\\].labels\\[${labels.length - 1}\\] must be a class, 0 to 3, got 9`),
    );
    model.dispose();
  });
});
