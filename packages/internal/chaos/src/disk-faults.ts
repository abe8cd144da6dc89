import { cp, mkdtemp, type open as openFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expectThat, inTime } from './expect.js';
import type { Random } from './random.js';
import { hasCheckpoints, tinyRun } from './tiny-run.js';

const epochs = 3;

/**
 * Trains while the disk is full, descriptors run out, writing is slow and finished checkpoints are damaged, and resumes each time.
 * @param count disks that are full, and as many of each other fault
 */
export async function diskFaults(count: number, random: Random): Promise<string> {
  const wanted = await tinyRun({ epochs });
  const original = process.getBuiltinModule;
  const real = process.getBuiltinModule('node:fs/promises');
  const done = { ENOSPC: 0, EMFILE: 0, damaged: 0 };
  let folder = await mkdtemp(join(tmpdir(), 'cnnzoo-chaos-disk-'));
  try {
    while (done.ENOSPC < count || done.EMFILE < count || done.damaged < count) {
      const kind = (['ENOSPC', 'EMFILE', 'damaged'] as const)[random.below(3)] ?? 'ENOSPC';
      if (kind === 'damaged') {
        if (hasCheckpoints(folder) && (await damageNewest(folder, random))) done.damaged++;
        continue;
      }
      const saved: number[] = [];
      const faulty = faultyFiles(real, kind, 1 + random.below(kind === 'ENOSPC' ? 60_000 : 120), random);
      process.getBuiltinModule = ((name: string) =>
        name === 'node:fs/promises' ? faulty : original.call(process, name)) as typeof original;
      const onEvent = (event: { type: string; step?: number }) => {
        if (event.type === 'checkpoint') saved.push(event.step ?? 0);
      };
      const end = await inTime(
        `training with ${kind}`,
        tinyRun({ folder, epochs, onEvent }).then(
          (hash) => ({ hash }),
          (error: Error) => ({ error }),
        ),
      );
      process.getBuiltinModule = original;
      if ('error' in end) {
        expectThat(new RegExp(kind).test(end.error.message), `a disk with ${kind} gave: ${end.error.message}`);
        done[kind]++;
        const names = await readdir(folder);
        for (const step of saved.slice(-1))
          expectThat(
            names.includes(`step-${String(step).padStart(8, '0')}`),
            `step ${step} was saved and is gone after ${kind}`,
          );
        continue;
      }
      expectThat(end.hash === wanted, 'the weights after faults of the disk are others');
      await rm(folder, { recursive: true });
      folder = await mkdtemp(join(tmpdir(), 'cnnzoo-chaos-disk-'));
    }
    expectThat((await tinyRun({ folder, epochs })) === wanted, 'the weights after faults of the disk are others');
  } finally {
    process.getBuiltinModule = original;
    await rm(folder, { recursive: true });
  }
  return `${done.ENOSPC} full disks, ${done.EMFILE} times no descriptor, ${done.damaged} damaged checkpoints: no checkpoint lost, final weights equal`;
}

/** node:fs/promises of a disk that is full after some bytes, or of a process whose descriptors are used up after some files. */
function faultyFiles(
  real: typeof import('node:fs/promises'),
  kind: 'ENOSPC' | 'EMFILE',
  budget: number,
  random: Random,
) {
  let left = budget;
  const fault = (path: string) => Object.assign(new Error(`${kind}: chaos, '${path}'`), { code: kind });
  const open: typeof openFile = async (path, ...rest) => {
    if (random.below(20) === 0) await setTimeout(random.below(5));
    if (kind === 'EMFILE' && --left < 0) throw fault(String(path));
    const file = await real.open(path, ...rest);
    if (kind === 'EMFILE') return file;
    const writeWhole = file.writeFile.bind(file);
    file.writeFile = async (content: unknown) => {
      const bytes = Buffer.from(content as string);
      const fits = bytes.subarray(0, Math.max(0, left));
      left -= bytes.length;
      await writeWhole(fits);
      if (fits.length < bytes.length) throw fault(String(path));
    };
    return file;
  };
  return { ...real, open };
}

/** Changes a bit of the newest checkpoint, sees it refused, and removes it, so that the one before is the newest. */
async function damageNewest(folder: string, random: Random): Promise<boolean> {
  const steps = (await readdir(folder)).filter((name) => /^step-\d+(-\d+)?$/.test(name)).sort();
  const newest = steps.at(-1);
  if (newest === undefined || steps.length < 2) return false;
  const damaged = join(folder, newest);
  const kept = `${folder}-kept`;
  await cp(damaged, kept, { recursive: true });
  const files = (await readdir(damaged)).filter((name) => name !== 'SHA256SUMS');
  const path = join(damaged, files[random.below(files.length)] ?? '');
  const bytes = await readFile(path);
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  await writeFile(path, bytes);
  const message = await tinyRun({ folder, epochs }).then(
    () => 'nothing',
    (error: Error) => error.message,
  );
  expectThat(message.includes(path), `${path} was damaged at ${at}, which gave: ${message}`);
  // Its owner has another copy.
  await rm(damaged, { recursive: true });
  await cp(kept, damaged, { recursive: true });
  await rm(kept, { recursive: true });
  return true;
}
