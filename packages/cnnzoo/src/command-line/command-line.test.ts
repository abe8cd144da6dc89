import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@cnnzoo/backend-node';
import { type HubServer, hubServer } from '@cnnzoo/testing/hub-server';
import { writeSafetensors } from '@cnnzoo/weights';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fineTune } from '../classifier/fine-tune.js';
import type { TrainingFacts } from '../classifier/training-facts.js';
import { commands } from './commands.js';
import { runHere } from './testing/run-here.js';
import { hasTerminal, type Outcome, runOnTerminal, runPiped, startProcess } from './testing/run-process.js';

const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
writeFileSync(
  join(folder, 'a.safetensors'),
  writeSafetensors(new Map([['fc.bias', { shape: [2], dtype: 'F32', data: new Float32Array([1, 2]) }]])),
);
afterAll(async () => {
  await hub.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Two classes of four images, as the simplest format has them. */
const images = join(folder, 'images');
for (const [name, shade] of [
  ['dark', 40],
  ['light', 200],
] as const) {
  mkdirSync(join(images, name), { recursive: true });
  for (let i = 0; i < 4; i++)
    writeFileSync(
      join(images, name, `${i}.pgm`),
      Buffer.concat([Buffer.from('P5 32 32 255\n'), Buffer.alloc(32 * 32, shade + i)]),
    );
}
const classifier = join(folder, 'classifier');
const byCode = join(folder, 'by-code');
const training = [images, '--network', 'lenet5', '--epochs', '1', '--batch-size', '4', '--workers', '0'];
let hub: HubServer;
beforeAll(async () => {
  await useBackend();
  hub = await hubServer();
  // Children inherit it.
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  vi.stubEnv('HF_TOKEN', hub.token);
  const { code, stderr } = await runPiped(['train', ...training, '--out', classifier]);
  expect(code, stderr).toBe(0);
  // Before `tune` runs here: what it keeps rounds otherwise.
  const tuned = await fineTune('lenet5', images, { weights: null, epochs: 1, batchSize: 4, workers: 0 });
  await tuned.save(byCode);
  await tuned.dispose();
});

// What `tune` finds here is nobody else's.
vi.stubEnv('CNNZOO_TUNING', join(folder, 'tuning'));

/** Stands for a folder that no call has written to. */
const newFolder = '{new}';
const fresh = (words: readonly string[]) =>
  words.map((word) => (word === newFolder ? mkdtempSync(join(folder, 'new-')) : word));

/** What stands for a Python with PyTorch: it says that float32 is far off, so that no verdict is a failure. */
const python = join(folder, 'python');
const measured = (loss: number) => ({ losses: [loss], gradientNorms: [1] });
const weights = { all: 0, worst: 0, tensor: 'fc.weight' };
const answer = {
  ...{ versions: { python: '3', torch: '2' }, threads: 1, float32: measured(1), float64: measured(1000) },
  weights: { engineFromTorch: weights, torchFromFloat64: weights, engineFromFloat64: weights },
};
writeFileSync(python, `#!${process.execPath}\nconsole.log(${JSON.stringify(JSON.stringify(answer))})\n`, {
  mode: 0o755,
});

/** A report with answers, by one shard. */
const results = join(folder, 'results');
beforeAll(async () => {
  const { code, stderr } = await runHere(['evaluate', images, '--model', classifier, '--out', results]);
  expect(code, stderr).toBe(0);
});

/** What follows a -- is another command's. */
const withJson = (words: readonly string[]) => {
  const at = words.includes('--') ? words.indexOf('--') : words.length;
  return words.toSpliced(at, 0, '--json');
};

/** A call of each command that ends well, and soon. */
const calls: Readonly<Record<string, readonly string[]>> = {
  train: [...training, '--out', join(folder, 'trained')],
  evaluate: [images, '--model', classifier],
  predict: [join(images, 'dark'), '--model', classifier, '--worker', '0'],
  pack: [images, newFolder],
  extract: [join(images, 'dark'), '--model', classifier, '--out', join(folder, 'features')],
  merge: [results],
  verify: [join(results, 'report.json'), images, '--model', classifier],
  cluster: ['slurm', '--', 'evaluate', images, '--out', 'results'],
  quantize: [
    ...[classifier, '--data', images, '--test', images, '--out', join(folder, 'int8.onnx')],
    ...['--max-loss', '100', '--correct-bias', '--sensitivity', join(folder, 'layers.svg')],
  ],
  export: ['lenet5', join(folder, 'lenet5.onnx')],
  convert: [join(folder, 'a.safetensors'), join(folder, 'b.pth')],
  push: [classifier, 'hf-hub:me/pets'],
  weights: ['list', 'resnet50', '--cache', folder],
  list: ['--family', 'vgg'],
  info: ['lenet5'],
  summary: ['lenet5'],
  shape: ['conv 5x5/6 pool 2', '--input', '32x32x1'],
  recipe: [],
  parity: ['lenet5', '--steps', '1', '--batch', '2', '--python', python],
  benchmark: ['lenet5', '--seconds', '0'],
  tune: ['lenet5', '--batch', '2', '--seconds', '0.1'],
  doctor: ['--no-measure'],
  completion: ['bash'],
};

const escapeCode = '\u001b';

/** A bar takes its line away with an escape code, too: colours end in m. */
const isColored = (text: string) => text.split(escapeCode).some((part) => /^\[[\d;]*m/.test(part));

test('each command has a call here, but serve, which ends at a signal', () => {
  expect(Object.keys(calls)).toEqual(commands.map(({ name }) => name).filter((name) => name !== 'serve'));
});

// Windows starts no script by its first line.
const runnable = Object.entries(calls).filter(([name]) => name !== 'parity' || process.platform !== 'win32');
describe.each(runnable)('%s', (name, words) => {
  test('in a pipe: text without colours', async () => {
    const { code, stdout, stderr } = await runHere([name, ...fresh(words)]);
    expect({ code, stderr: stderr.includes(escapeCode) }).toEqual({ code: 0, stderr: false });
    expect(stdout).not.toContain(escapeCode);
    expect(stdout.length).toBeGreaterThan(10);
  });

  test('--json: each line is a JSON value', async () => {
    const { code, stdout } = await runHere([name, ...withJson(fresh(words))]);
    expect(code).toBe(0);
    const values = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(values.length).toBeGreaterThan(0);
  });

  test('as a process: without the banner of tfjs, and on a terminal without colours where NO_COLOR asks for that', async () => {
    const run = hasTerminal ? runOnTerminal : runPiped;
    const { code, stdout, stderr } = await run([name, ...fresh(words)], { env: { NO_COLOR: '1' } });
    expect({ code, colored: isColored(stdout) }).toEqual({ code: 0, colored: false });
    expect(stdout.length).toBeGreaterThan(10);
    // A terminal shows both.
    expect(stdout + stderr).not.toContain('TensorFlow.js in Node');
  });
});

test.each(commands.map(({ name }) => name))('%s --help says what it takes', async (name) => {
  const { code, stdout, stderr } = await runHere([name, '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(new RegExp(`^Usage: cnnzoo ${name}\\b`));
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});

test('predict says what is in each image of a folder', async () => {
  const { stdout } = await runHere(['predict', ...(calls['predict'] ?? []), '--json', '--top-k', '1']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { predictions: { category: string }[] });
  expect(lines).toHaveLength(4);
  for (const { predictions } of lines) expect(['dark', 'light']).toContain(predictions[0]?.category);
});

test('fineTune with the same options gives the same classifier, to the last bit', () => {
  const facts = (place: string) => {
    const { history, ...rest } = JSON.parse(readFileSync(join(place, 'training.json'), 'utf8')) as TrainingFacts;
    return { ...rest, history: history.map(({ seconds: _, ...figures }) => figures) };
  };
  expect(facts(byCode)).toEqual(facts(classifier));
  const weights = (place: string) => readFileSync(join(place, 'weights.bin'), 'hex');
  expect(weights(byCode)).toBe(weights(classifier));
});

test('training that is interrupted ends with 130 and resumes to the same classifier', async () => {
  const out = join(folder, 'resumed');
  const words = ['train', ...training, '--out', out, '--epochs', '30', '--json'];
  const child = startProcess(words);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    if (!stdout.includes('"epoch"') && part.includes('"epoch"')) child.kill('SIGINT');
    stdout += part;
  });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
  const last = (text: string) => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(last(stdout)).toMatchObject({ interrupted: 'SIGINT', out: null });
  expect(await runHere(words)).toMatchObject({ code: 2, stderr: expect.stringMatching(/--resume resumes it/) });
  const resumed = await runHere([...words, '--resume']);
  expect(last(resumed.stdout)).toMatchObject({ interrupted: null, out });
  const whole = await runHere([...words.map((word) => (word === out ? `${out}-whole` : word))]);
  const losses = (text: string) => (last(text)['epochs'] as { loss: number }[]).map(({ loss }) => loss);
  expect(losses(resumed.stdout)).toEqual(losses(whole.stdout));
});

/** A server in a process of its own: its address, and how it ends at a signal. */
async function startServing(...words: readonly string[]) {
  const child = startProcess([
    'serve',
    `shades:3=${classifier}`,
    '--port',
    '0',
    '--formats',
    'PPM',
    '--json',
    ...words,
  ]);
  const closed = new Promise((resolve) => child.on('close', resolve));
  let stdout = '';
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      stdout += part;
      const { address: found } = JSON.parse(stdout.split('\n')[0] || '{}') as { address?: string };
      if (found !== undefined) resolve(found);
    });
    closed.then(() => reject(new Error('it has ended')));
  });
  const end = async (signal: 'SIGINT' | 'SIGTERM') => {
    child.kill(signal);
    return { code: await closed, event: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as unknown };
  };
  return { address, end };
}

test('quantize says of an ONNX file, too, how large it was in float', async () => {
  const file = join(folder, 'in-float.onnx');
  expect(await runHere(['export', classifier, file])).toMatchObject({ code: 0 });
  const sizes = [classifier, file].map(async (source, i) => {
    const out = join(folder, `sized-${i}.onnx`);
    const { stdout } = await runHere(['quantize', source, '--data', images, '--test', images, '--out', out, '--json']);
    const { float, int8 } = JSON.parse(stdout) as Readonly<Record<'float' | 'int8', { readonly bytes: number }>>;
    return { float: float.bytes, int8: int8.bytes };
  });
  const [ofNetwork, ofFile] = await Promise.all(sizes);
  expect(ofFile?.float).toBe(ofNetwork?.float);
  expect(ofFile?.float).toBeGreaterThan(ofFile?.int8 ?? Number.NaN);
});

test('serve answers over HTTP, and ends with 0 when it has answered what has come', async () => {
  const file = join(folder, 'keys');
  writeFileSync(file, 'one\n\n two \n');
  const origin = 'https://example.org';
  const int8 = join(folder, 'served-int8.onnx');
  expect(await runHere(['quantize', classifier, '--data', images, '--out', int8])).toMatchObject({ code: 0 });
  const [open, closed] = await Promise.all([
    startServing(`int8=${int8}`),
    startServing('--api-key-file', file, '--cors-origin', origin),
  ]);
  const classify = (address: string, headers: Record<string, string> = {}, model = 'shades') =>
    fetch(`${address}/classify?topK=1&model=${model}`, {
      method: 'POST',
      body: readFileSync(join(images, 'dark', '0.pgm')),
      headers: { origin, ...headers },
    });
  const answers = await Promise.all([
    classify(open.address),
    classify(closed.address),
    classify(closed.address, { 'x-api-key': 'two' }),
    classify(open.address, {}, 'int8'),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 200]);
  expect(answers.map(({ headers }) => headers.get('access-control-allow-origin'))).toEqual([
    null,
    origin,
    origin,
    null,
  ]);
  const [first, , , quantized] = (await Promise.all(answers.map((answer) => answer.json()))) as Record<
    string,
    unknown
  >[];
  const { model, version, images: seen } = first ?? {};
  const predictionsOf = async (file: string) => {
    const image = join(images, 'dark', '0.pgm');
    const { stdout } = await runHere(['predict', image, '--model', file, '--json', '--top-k', '1']);
    return (JSON.parse(stdout) as { predictions: unknown }).predictions;
  };
  const predictions = await predictionsOf(classifier);
  expect({ model, version, seen }).toEqual({ model: 'shades', version: '3', seen: [{ name: 'image', predictions }] });
  expect(quantized).toMatchObject({ images: [{ name: 'image', predictions: await predictionsOf(int8) }] });
  expect(await Promise.all([open.end('SIGTERM'), closed.end('SIGINT')])).toEqual([
    { code: 0, event: { event: 'closed', signal: 'SIGTERM' } },
    { code: 0, event: { event: 'closed', signal: 'SIGINT' } },
  ]);
  // Nobody is let in where a file of keys has none.
  writeFileSync(file, '\n');
  const { code, stderr } = await runHere(['serve', classifier, '--api-key-file', file]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('has no key')]);
});

test('an ONNX file, and a repository of the hub, predict as the folder does', async () => {
  const file = join(folder, 'classifier.onnx');
  expect(await runHere(['export', classifier, file])).toMatchObject({ code: 0 });
  expect(await runHere(['push', classifier, 'hf-hub:me/classifier', '--data', images])).toMatchObject({ code: 0 });
  const image = join(images, 'dark', '0.pgm');
  const env = { CNNZOO_CACHE: folder, CNNZOO_OFFLINE: '0' };
  const outputs: Outcome[] = [];
  for (const model of [classifier, file, 'hf-hub:me/classifier'])
    outputs.push(await runHere(['predict', image, '--model', model, '--worker', '0'], { env }));
  for (const { code, stdout, stderr } of outputs) expect([code, stdout], stderr).toEqual([0, outputs[0]?.stdout]);
});

test.each([['show', 'resnet18.IMAGENET1K_V1'], ['verify'], ['clear', '--all']])('weights %s', async (...words) => {
  const env = { CNNZOO_CACHE: join(folder, 'empty-cache') };
  const text = await runHere(['weights', ...words], { env });
  const json = await runHere(['weights', ...words, '--json'], { env });
  expect([text.code, json.code, text.stderr, json.stderr]).toEqual([0, 0, '', '']);
  expect(text.stdout).toMatch(/resnet18-f37072fd|the cache is empty|nothing to remove/);
  expect(JSON.parse(json.stdout)).toEqual(words[0] === 'show' ? expect.objectContaining({ id: words[1] }) : []);
});

test('a repository of the hub is taken where a network or a published set is', async () => {
  const name = 'hf-hub:me/anywhere';
  expect(await runHere(['push', classifier, name])).toMatchObject({ code: 0 });
  const env = { CNNZOO_CACHE: join(folder, 'hub-cache'), CNNZOO_OFFLINE: '0' };
  const written = (file: string) => join(folder, `anywhere-${file}`);
  const lines = async (...words: string[]) => {
    const { code, stdout, stderr } = await runHere(words, { env });
    expect(code, stderr).toBe(0);
    return stdout;
  };
  expect(await lines('summary', name)).toBe(await lines('summary', classifier));
  expect(await lines('weights', 'show', name)).toContain('hf-hub:me/anywhere');
  await lines('convert', name, written('hub.safetensors'));
  await lines('export', classifier, written('folder.safetensors'));
  const [ofHub, ofFolder] = ['hub', 'folder'].map((each) => readFileSync(written(`${each}.safetensors`), 'hex'));
  expect(ofHub).toBe(ofFolder);
  expect(await runHere(['convert', name, written('x.pth'), '--network', 'lenet5'], { env })).toMatchObject({
    code: 2,
    stderr: `cnnzoo convert: ${name} says itself what its network is: leave --network out\n`,
  });
  expect(await lines('weights', 'clear', name)).toContain('removed');
});

test('a learning rate is suggested, and its curve drawn', async () => {
  const file = join(folder, 'curve.svg');
  const { code, stdout, stderr } = await runHere([
    'train',
    ...training,
    '--find-learning-rate',
    file,
    '--weights',
    'none',
  ]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/curve\.svg: the loss (falls well at --learning-rate [\d.e-]+|never fell.*)\n$/);
  expect(readFileSync(file, 'utf8')).toMatch(/^<svg /);
});

test('a recipe of a paper trains, from a run file', async () => {
  const file = join(folder, 'run.yaml');
  writeFileSync(file, `data: ${images}\nrecipe: lenet\nepochs: 1\nworkers: 0\nout: ${join(folder, 'by-recipe')}\n`);
  const { code, stdout, stderr } = await runHere(['train', file]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(`${join(folder, 'by-recipe')}: 2 classes`);
});

test.skipIf(!hasTerminal)('on a terminal the titles of a table are bold', async () => {
  expect((await runOnTerminal(['list'])).stdout).toContain(`${escapeCode}[1mnetwork`);
});

test.each([['--help'], ['-h'], ['help']])('%s lists all commands', async (word) => {
  const { code, stdout, stderr } = await runPiped([word]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const { name } of commands) expect(stdout).toContain(`\n  ${name} `);
  expect(stdout).not.toContain('complete --');
});

test('help of a command', async () => {
  const { code, stdout } = await runHere(['help', 'summary']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: cnnzoo summary /);
});

test.each([['--version'], ['-V']])('%s', async (word) => {
  expect(await runPiped([word])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/) });
});

test.each([
  [[], /^Usage: cnnzoo/],
  [['lists'], /^cnnzoo: unknown command 'lists', did you mean list\?\n$/],
  [['foo'], /^cnnzoo: unknown command 'foo'; see cnnzoo --help\n$/],
  [['juggle'], /^cnnzoo: unknown command 'juggle'; see cnnzoo --help\n$/],
  [['-v'], /^cnnzoo: unknown option '-v'; see cnnzoo --help\n$/],
  [['list', '--wieghts'], /^cnnzoo list: unknown option '--wieghts', did you mean --weights\?\n$/],
  [['list', '--all'], /^cnnzoo list: unknown option '--all'; see cnnzoo list --help\n$/],
  [['list', 'resnet'], /^cnnzoo list: too many arguments.*\n$/],
  [['list', '--family', 'resnets'], /^cnnzoo list: --family must be one of .*, got 'resnets'\n$/],
  [['list', '--family'], /^cnnzoo list: option '--family <family>' argument missing; see cnnzoo list --help\n$/],
  [['info', 'ResNet-50'], /^cnnzoo info: there is no network 'ResNet-50', did you mean 'resnet50'\?.*\n$/],
  [['summary'], /^cnnzoo summary: missing required argument 'network'.*\n$/],
  [['summary', 'resnet5'], /^cnnzoo summary: .*did you mean 'resnet50'\?: cnnzoo list has all\n$/],
  [['summary', 'xyz'], /^cnnzoo summary: there is no network 'xyz': cnnzoo list has all\n$/],
  [['summary', 'lenet5', '--input', '32'], /^cnnzoo summary: --input must be height x width x channels.*got '32'\n$/],
  [['summary', 'lenet5', '--classes', 'ten'], /^cnnzoo summary: --classes must be a whole number.*got 'ten'\n$/],
  [['summary', 'lenet5', '--style', 'html'], /^cnnzoo summary: --style must be one of .*got 'html'\n$/],
  [['shape', 'pol 2'], /^cnnzoo shape: there is no layer 'pol', did you mean pool\?\n$/],
  [['recipe', 'resnext'], /^cnnzoo recipe: recipe must be one of lenet, alexnet.*\n$/],
  [['recipe', 'vgg', 'resnet'], /^cnnzoo recipe: too many arguments.*\n$/],
  [['export', 'lenet5'], /^cnnzoo export: missing required argument 'file'.*\n$/],
  [['export', 'lenet5', 'x', '--operators', 'standard'], /^cnnzoo export: --operators is for training steps.*\n$/],
  [['export', 'lenet5', 'x', '--training', '--layout', 'NCHW'], /^cnnzoo export: --layout is for models.*\n$/],
  [['export', 'lenet5', 'x.onnx', '--opset', '3'], /^cnnzoo export: --opset must be a whole number from 17 to 22.*\n$/],
  [
    ['train', 'pets', '--learning-rat', '1'],
    /^cnnzoo train: unknown option '--learning-rat', did you mean --learning-rate\?\n$/,
  ],
  [['train', 'resnet-cifar'], /^cnnzoo train: --data must say where the images are\n$/],
  [['train', 'x', '--epochs', '0'], /^cnnzoo train: --epochs must be a whole number of at least 1, got '0'\n$/],
  [['predict'], /^cnnzoo predict: missing required argument 'images'.*\n$/],
  [['weights', 'dwnload'], /^cnnzoo weights: unknown command 'dwnload', did you mean download\?\n$/],
  [['weights', 'clear'], /^cnnzoo weights: give a set's name, or --all.*\n$/],
  [
    ['convert', 'a.h5', 'b.onnx', '--network', 'lenet'],
    /^cnnzoo convert: --network must be one of the \d+ that --help lists, got 'lenet', did you mean 'lenet5'\?\n$/,
  ],
  [
    ['predict', 'x.png', '--model', 'resnet19'],
    /^cnnzoo predict: source is 'resnet19': there is no such folder .*, did you mean 'resnet1.'\?\n$/,
  ],
  [['doctor', '--yaml'], /^cnnzoo doctor: unknown option '--yaml'.*\n$/],
  [['completion', 'csh'], /^cnnzoo completion: shell must be one of bash, zsh, fish, got 'csh'\n$/],
])('%j is called wrongly: 2, and one line', async (words, message) => {
  const { code, stdout, stderr } = await runHere(words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

test('what fails ends with 1 and one line', async () => {
  const { code, stdout, stderr } = await runHere(['export', 'lenet5', join(folder, 'missing', 'x.onnx')]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(`cnnzoo export: there is no folder ${join(folder, 'missing')} to write x.onnx to\n`);
});

test('a reader that closes the pipe ends it quietly', async () => {
  // More than a pipe holds, so that the end comes while it writes.
  const child = startProcess(['summary', 'resnet152', '--style', 'json']);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('Ctrl-C ends it with 130', async () => {
  // A download that never comes to its end.
  const server = createServer((_, response) => response.write('…'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = startProcess(['weights', 'download', 'resnet18.DEFAULT', '--cache', folder], {
    env: { CNNZOO_MIRROR: mirror, CNNZOO_OFFLINE: '0' },
  });
  server.once('request', () => child.kill('SIGINT'));
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
  server.closeAllConnections();
  server.close();
});

test('what is packed is trained on and tested on as what it was packed from', async () => {
  const shards = join(folder, 'shards');
  const packed = await runHere(['pack', images, shards, '--max-count', '2']);
  expect(packed.stdout).toMatch(/shards: 8 images of 2 classes in 4 shards, \d/);
  // As a shell expands data-{000000..000003}.tar.
  const names = [0, 1, 2, 3].map((i) => join(shards, `data-00000${i}.tar`));
  const report = async (data: readonly string[]) => {
    const { code, stdout, stderr } = await runHere(['evaluate', ...data, '--model', classifier, '--json']);
    expect(code, stderr).toBe(0);
    const { report: found } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    return [found.confusion, found.top1, found.count];
  };
  const expected = await report([images]);
  for (const data of [[shards], names]) expect(await report(data)).toEqual(expected);
  const out = join(folder, 'of-shards');
  const trained = await runHere(['train', ...names, ...training.slice(1), '--out', out, '--validation', images]);
  expect(trained.code, trained.stderr).toBe(0);
});
