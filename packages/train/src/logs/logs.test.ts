import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TrainEvent } from '../loop/events.js';
import type { EpochRecord } from '../loop/history.js';
import { jsonlLog } from './jsonl-log.js';
import { tensorboardLog } from './tensorboard-log.js';
import { trainingCurves } from './training-curves.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-logs-'));
});
afterAll(() => rm(folder, { recursive: true }));

const epochs: EpochRecord[] = [2.3, 0.7, 0.4].map((loss, epoch) => ({
  epoch,
  step: 300 * (epoch + 1),
  loss,
  accuracy: 1 - loss / 4,
  metrics: { top5: 0.9 },
  learningRate: 0.1,
  seconds: 3,
  validation: { loss: loss + 0.1, accuracy: 0.5 + epoch / 10, metrics: { top5: 0.8 } },
}));
const events: TrainEvent[] = [
  { type: 'start', epochs: 3, batchesPerEpoch: 300, epoch: 0, batch: 0 },
  {
    type: 'step',
    step: 300,
    epoch: 0,
    batch: 300,
    count: 4,
    loss: 1.5,
    accuracy: 0.25,
    metrics: {},
    epochLoss: 2,
    epochAccuracy: 0.2,
    learningRate: 0.1,
    gradientNorm: 3,
    milliseconds: 5,
  },
  ...epochs.map((record) => ({ type: 'epoch', ...record }) as const),
];

test.each<[RegExp, object]>([
  [/event must be an event of train, .*'interrupted', got \{ type \}/, { type: 'end' }],
  [/event\.step must be an integer of at least 0, got Infinity/, { ...events[1], step: Infinity }],
  [/event has no option 'stepp': did you mean 'step'/, { ...events[1], stepp: 1 }],
  [/event\.metrics\.top5 must be a number, got 'high'/, { ...events[1], metrics: { top5: 'high' } }],
])('what is no event is refused before it is written: %s', async (message, event) => {
  const path = join(folder, 'refused.jsonl');
  for (const listener of [jsonlLog(path), tensorboardLog(join(folder, 'refused'))])
    expect(() => listener(event as TrainEvent)).toThrow(message);
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});

test('a line of JSON for each event, appended', async () => {
  const path = join(folder, 'new', 'log.jsonl');
  for (const event of events.slice(0, 2)) jsonlLog(path)(event);
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    events.slice(0, 2).map((event) => ({ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), ...event })),
  );
});

test('an event file of TensorBoard: framed records with their check sums', async () => {
  const listener = tensorboardLog(join(folder, 'tensorboard'));
  for (const event of events) listener(event);
  const [name = ''] = await readdir(join(folder, 'tensorboard'));
  expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
  const bytes = await readFile(join(folder, 'tensorboard', name));
  const records: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(offset));
    records.push(bytes.subarray(offset + 12, offset + 12 + length));
    offset += 16 + length;
  }
  expect(records).toHaveLength(5);
  expect(records[0]?.toString('latin1')).toContain('brain.Event:2');
  // The check sums of the first record's length, 24, as TensorFlow writes it in every event file.
  expect(bytes.subarray(0, 12).toString('hex')).toBe('180000000000000' + '0a37f4b22');
  const float = Buffer.alloc(4);
  float.writeFloatLE(1.5);
  const text = records[1]?.toString('latin1') ?? '';
  // step 300 as field 2, then the loss.
  expect(text).toContain('\x10\xac\x02');
  expect(text).toContain(`step/loss\x15${float.toString('latin1')}`);
  expect(records[2]?.toString('latin1')).toContain('validation/top5');
});

test('curves: an SVG with a line for training and one for validation in each panel', () => {
  const svg = trainingCurves(epochs, 'A < B & C');
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 900 340"/);
  expect(svg).toContain('A &lt; B &amp; C');
  expect(svg.match(/stroke="#2563ab" stroke-width="2" fill="none"/g)).toHaveLength(2);
  expect(svg.match(/stroke="#d1495b" stroke-width="2" fill="none"/g)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('curves of one epoch, without validation, all the same', () => {
  const [first] = epochs;
  if (first === undefined) throw new Error('no epoch');
  const { validation: _, ...alone } = first;
  const svg = trainingCurves([alone]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg).not.toContain('>validation<');
});

test('curves of nothing are axes without curves: a run may be interrupted in its first epoch', () => {
  const svg = trainingCurves([], 'nothing yet');
  expect(svg).toContain('nothing yet');
  expect(svg).not.toMatch(/NaN|Infinity|undefined|<circle/);
  expect(svg.match(/<path d="M70 60V290H400"/)).not.toBeNull();
});

test('curves leave out what is not finite, and carry no markup', () => {
  const svg = trainingCurves([{ ...(epochs[0] as EpochRecord), loss: Number.NaN }], '</title><script>');
  expect(svg).not.toMatch(/NaN|<script/);
  const bad = [{ ...epochs[0], epoch: '<img>' }] as unknown as EpochRecord[];
  expect(() => trainingCurves(bad)).toThrow('epochs[0] must be a record of an epoch, with epoch, loss and accuracy');
});

test.each([undefined, { ...process, getBuiltinModule: undefined }])(
  'log files without a new Node: says so',
  (other) => {
    vi.stubGlobal('process', other);
    try {
      const message = 'checkpoints and log files need Node 20.16, 22.3 or newer';
      expect(() => jsonlLog('log.jsonl')).toThrow(message);
      expect(() => tensorboardLog('log')).toThrow(message);
    } finally {
      vi.unstubAllGlobals();
    }
  },
);
