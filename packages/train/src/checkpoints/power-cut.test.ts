/**
 * A power cut at every moment of writing checkpoints, on a disk that keeps of what was not synced whatever it likes: any of the names
 * that were made, renamed or removed since their folder was synced, and of a file's bytes none, a half or all. After "saved" that
 * checkpoint, or a later one, is there as a whole.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';
import { stateDict } from '@cnnzoo/weights';
import { tinyModel } from '../fixtures/tiny-run.js';
import { sgd } from '../optimizers/sgd.js';
import type { RunState } from './checkpoint.js';
import { openCheckpointStore } from './checkpoint-store.js';
import { readChecked } from './checksums.js';

interface FileNode {
  kind: 'file';
  /** What programs see. */
  content: Buffer;
  /** What the disk has for certain; null where not even that it is empty. */
  synced: Buffer | null;
}
interface FolderNode {
  kind: 'folder';
  entries: Map<string, DiskNode>;
  synced: Map<string, DiskNode>;
}
type DiskNode = FileNode | FolderNode;

class PowerCut extends Error {}
const fault = (code: string, path: string) => Object.assign(new Error(`${code}: ${path}`), { code });

/** A disk in memory behind the functions of node:fs/promises that checkpoints use. */
class Disk {
  root: FolderNode = { kind: 'folder', entries: new Map(), synced: new Map() };
  /** Operations until the power is cut. */
  left = Infinity;
  operations = 0;

  step(): void {
    if (this.operations >= this.left) throw new PowerCut();
    this.operations++;
  }

  find(path: string): DiskNode | undefined {
    let at: DiskNode | undefined = this.root;
    for (const name of path.split('/').filter(Boolean)) at = at?.kind === 'folder' ? at.entries.get(name) : undefined;
    return at;
  }

  folder(path: string): FolderNode {
    const found = this.find(path);
    if (found?.kind !== 'folder') throw fault('ENOENT', path);
    return found;
  }

  parent(path: string): FolderNode {
    return this.folder(posix.dirname(path));
  }

  readonly module = {
    mkdir: async (path: string, options?: { recursive?: boolean }) => {
      this.step();
      if (this.find(path) !== undefined) {
        if (options?.recursive) return undefined;
        throw fault('EEXIST', path);
      }
      this.parent(path).entries.set(posix.basename(path), { kind: 'folder', entries: new Map(), synced: new Map() });
      return path;
    },
    open: async (path: string, flags: string) => {
      this.step();
      let node = this.find(path);
      if (flags === 'wx') {
        if (node !== undefined) throw fault('EEXIST', path);
        node = { kind: 'file', content: Buffer.alloc(0), synced: null };
        this.parent(path).entries.set(posix.basename(path), node);
      }
      if (node === undefined) throw fault('ENOENT', path);
      const opened = node;
      return {
        writeFile: async (content: string | Uint8Array) => {
          this.step();
          if (opened.kind === 'file') opened.content = Buffer.from(content as string);
        },
        sync: async () => {
          this.step();
          if (opened.kind === 'file') opened.synced = opened.content;
          else opened.synced = new Map(opened.entries);
        },
        close: async () => {},
      };
    },
    rename: async (from: string, to: string) => {
      this.step();
      const node = this.find(from);
      if (node === undefined) throw fault('ENOENT', from);
      this.parent(from).entries.delete(posix.basename(from));
      this.parent(to).entries.set(posix.basename(to), node);
    },
    rm: async (path: string, options?: { force?: boolean }) => {
      this.step();
      if (this.find(path) === undefined && !options?.force) throw fault('ENOENT', path);
      this.parent(path).entries.delete(posix.basename(path));
    },
    readdir: async (path: string) => [...this.folder(path).entries.keys()],
    readFile: async (path: string, encoding?: string) => {
      const node = this.find(path);
      if (node?.kind !== 'file') throw fault('ENOENT', path);
      return encoding === undefined ? node.content : node.content.toString();
    },
    stat: async (path: string) => {
      if (this.find(path) === undefined) throw fault('ENOENT', path);
      return { mtimeMs: 0 };
    },
    utimes: async () => {},
  };

  /** The choices that the disk has at a power cut. */
  undecided(): number {
    let count = 0;
    const visit = (folder: FolderNode) => {
      for (const name of new Set([...folder.entries.keys(), ...folder.synced.keys()])) {
        if (folder.entries.get(name) !== folder.synced.get(name)) count++;
        for (const node of new Set([folder.entries.get(name), folder.synced.get(name)]))
          if (node?.kind === 'folder') visit(node);
          else if (node !== undefined && node.synced !== node.content) count++;
      }
    };
    visit(this.root);
    return count;
  }

  /** What is there when the power is back. `choose` decides about each name (2 ways) and each file's bytes (3 ways). */
  afterPowerCut(choose: (ways: number) => number): Disk {
    const known = new Map<DiskNode, DiskNode>();
    const settle = (node: DiskNode): DiskNode => {
      const before = known.get(node);
      if (before !== undefined) return before;
      if (node.kind === 'file') {
        const way = node.synced === node.content ? 0 : choose(3);
        const kept = node.synced ?? Buffer.alloc(0);
        const content = way === 0 ? kept : node.content.subarray(0, way === 1 ? node.content.length >> 1 : undefined);
        const settled: FileNode = { kind: 'file', content, synced: content };
        known.set(node, settled);
        return settled;
      }
      const entries = new Map<string, DiskNode>();
      for (const name of new Set([...node.entries.keys(), ...node.synced.keys()])) {
        const [now, then] = [node.entries.get(name), node.synced.get(name)];
        const chosen = now === then || choose(2) === 0 ? then : now;
        if (chosen !== undefined) entries.set(name, settle(chosen));
      }
      const settled: FolderNode = { kind: 'folder', entries, synced: new Map(entries) };
      known.set(node, settled);
      return settled;
    };
    const disk = new Disk();
    disk.root = settle(this.root) as FolderNode;
    return disk;
  }

  /** The same for disks that hold the same. Names have random parts, of which only that they differ matters. */
  key(): string {
    const keyOf = (node: DiskNode): string => {
      if (node.kind === 'file') return createHash('sha256').update(node.content).digest('base64');
      const entries = [...node.entries].map(([name, entry]) => `${name.replace(/[0-9a-f-]{36}/, '*')}=${keyOf(entry)}`);
      return `{${entries.sort().join()}}`;
    };
    return keyOf(this.root);
  }
}

/** All states in which a power cut may leave a disk. */
function* statesAfter(disk: Disk): Generator<Disk> {
  const digits: { way: number; ways: number }[] = [];
  for (;;) {
    let digit = 0;
    yield disk.afterPowerCut((ways) => {
      const at = digit++;
      digits[at] ??= { way: 0, ways };
      return digits[at]?.way ?? 0;
    });
    // The next combination: the last digit that can still grow does, those after it begin again.
    digits.length = digit;
    while (digits.length > 0 && (digits.at(-1)?.way ?? 0) + 1 >= (digits.at(-1)?.ways ?? 0)) digits.pop();
    const growing = digits.at(-1);
    if (growing === undefined) return;
    growing.way++;
  }
}

afterEach(() => vi.unstubAllGlobals());

const node = process;

/** No process has this id: after the power cut, the writer is gone. */
const writer = 2 ** 22 + 1;

function mount(disk: Disk, pid = node.pid): void {
  const getBuiltinModule = (name: string) =>
    name === 'node:fs/promises' ? disk.module : name === 'node:path' ? posix : node.getBuiltinModule(name);
  vi.stubGlobal('process', Object.create(node, { getBuiltinModule: { value: getBuiltinModule }, pid: { value: pid } }));
}

const model = tinyModel();
const optimizer = sgd({ learningRate: 0.1 });
const weights = stateDict(model);
const state = (step: number): RunState => ({
  model,
  weights,
  optimizer,
  run: {
    version: '1.0.0',
    learningRate: 0.1,
    optimizer: {},
    schedule: [],
    loss: 'cross-entropy',
    auxiliaryWeight: 0.3,
    clipping: {},
    accumulate: 1,
    batchSize: 4,
    data: '00',
  },
  progress: {
    step,
    epoch: 0,
    batch: step,
    batchesPerEpoch: 1000,
    learningRate: 0.1,
    sums: { loss: 0, correct: 0, metrics: {}, count: 0, seconds: 0 },
    history: [],
  },
  otherWeights: new Map(),
});

/** Saves three checkpoints, of which one is kept besides the best. Gives the steps of those that were reported as saved. */
async function saveThree(saved: number[]): Promise<void> {
  const store = await openCheckpointStore('/runs/lenet', 1);
  for (const step of [1, 2, 3]) {
    await store.save(state(step), step === 1);
    saved.push(step);
  }
  await store.close();
}

test('whatever the disk kept, the newest checkpoint that was saved, or a later one, is there', async () => {
  const whole = new Disk();
  mount(whole);
  await whole.module.mkdir('/runs');
  await whole.module.open('/', 'r').then((root) => root.sync());
  await saveThree([]);
  const total = whole.operations;
  let states = 0;
  let most = 0;
  /** Other moments leave the same disk. */
  const tried = new Set<string>();
  for (let cut = 2; cut <= total; cut++) {
    const disk = new Disk();
    mount(disk, writer);
    await disk.module.mkdir('/runs');
    await disk.module.open('/', 'r').then((root) => root.sync());
    disk.left = cut + 1;
    const saved: number[] = [];
    await saveThree(saved).catch((error) => {
      if (!(error instanceof PowerCut)) throw error;
    });
    most = Math.max(most, disk.undecided());
    for (const after of statesAfter(disk)) {
      states++;
      const key = `${saved.at(-1)} ${after.key()}`;
      if (tried.has(key)) continue;
      tried.add(key);
      mount(after);
      const store = await openCheckpointStore('/runs/lenet', 1).catch((error) => {
        throw new Error(`cut ${cut}, ${key}: ${error.message}`);
      });
      const newest = store.newest();
      const step = newest === null ? 0 : Number(/step-(\d+)/.exec(newest)?.[1]);
      expect(step, `cut ${cut}, ${key}`).toBeGreaterThanOrEqual(saved.at(-1) ?? 0);
      if (newest !== null)
        expect([...(await readChecked(newest)).keys()]).toEqual([
          'model.safetensors',
          'optimizer.safetensors',
          'training.json',
        ]);
      // And the run can be resumed from there.
      await store.save(state(step + 1), false);
      await store.close();
    }
  }
  expect(tried.size).toBeGreaterThan(400);
  console.info(
    `${states} combinations after power cuts at ${total - 1} moments with up to ${most} undecided writes, ${tried.size} states of the disk`,
  );
}, 3_600_000);
